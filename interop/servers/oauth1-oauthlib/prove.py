"""Three-legged flows with every signature method:  python prove.py PORT STATE_DIR [METHOD,...]   (needs requests and requests-oauthlib)"""
import os
import sys

from requests_oauthlib import OAuth1Session
import requests

BASE, STATE = f"http://127.0.0.1:{sys.argv[1]}", sys.argv[2]
METHODS = sys.argv[3].split(",") if len(sys.argv) > 3 else ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"]
with open(os.path.join(STATE, "client-rsa.pem")) as file:
    RSA = file.read()
good = 0
for method in METHODS:
    for place in ("AUTH_HEADER", "QUERY", "BODY"):
        # oauthlib's server unescapes oauth_ parameters of queries and bodies twice, so that a PLAINTEXT
        # signature made from a secret with reserved characters only arrives intact in the header.
        name, secret = ("plain", "simple-secret") if method == "PLAINTEXT" and place != "AUTH_HEADER" else ("client", "s3cret &+%/=")
        common = {"client_secret": secret, "signature_method": method, "signature_type": place, "rsa_key": RSA if "RSA" in method else None}
        try:
            first = OAuth1Session(name, callback_uri="http://127.0.0.1/cb?x=1", **common)
            temporary = first.fetch_request_token(f"{BASE}/initiate")
            page = requests.get(f"{BASE}/authorize", params={"oauth_token": temporary["oauth_token"]}, allow_redirects=False)
            back = page.headers["location"]
            first.parse_authorization_response(back)
            final = first.fetch_access_token(f"{BASE}/token")
            api = OAuth1Session(name, resource_owner_key=final["oauth_token"], resource_owner_secret=final["oauth_token_secret"], **common)
            # Characters that are escaped in the base string, repeated names, an empty value.
            seen = api.post(f"{BASE}/echo", params=[("a", "1 2"), ("a", "é"), ("b", "")], data={"c": "~*'()!", "d": "x&y=z"})
            echoed = seen.json()  # a failure of any kind raises, so only checked answers are counted
            wanted = (seen.status_code == 200 and echoed["protocol"]["oauth_signature_method"] == method
                      and echoed["form"] == [["c", "~*'()!"], ["d", "x&y=z"]] and echoed["query"] == [["a", "1 2"], ["a", "é"], ["b", ""]])
            if not wanted:
                raise AssertionError(seen.text)
            wrong = OAuth1Session(name, resource_owner_key=final["oauth_token"], resource_owner_secret="wrong", **common)
            refused = wrong.post(f"{BASE}/echo", data={"c": "1"}).status_code
            # The token secret is no part of an RSA signature.
            if refused != (200 if "RSA" in method else 401):
                raise AssertionError(f"wrong token secret: {refused}")
            good += 1
            print("ok  ", method, place, "client:", name, "wrong token secret:", refused)
        except Exception as error:
            print("FAIL", method, place, repr(error)[:200])
print("passed", good, "of", 3 * len(METHODS))
sys.exit(good != 3 * len(METHODS))
