"""One line a feature:  python prove.py PORT STATE_DIR   (needs requests and requests-oauthlib)"""
import base64
import hashlib
import os
import sys
import time
from urllib.parse import parse_qsl, quote, urlsplit

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests_oauthlib import OAuth1Session

BASE, STATE = f"http://127.0.0.1:{sys.argv[1]}", sys.argv[2]
bad = []


def check(name, good, detail=""):
    print("ok  " if good else "FAIL", name, str(detail)[:200])
    if not good:
        bad.append(name)


with open(os.path.join(STATE, "client-rsa.pem")) as file:
    RSA = file.read()
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
for name, secret in (("plain", "simple-secret"), ("client", "s3cret &+%/=")):
    for method in ("HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"):
        for place in ("AUTH_HEADER", "QUERY", "BODY"):
            label = f"OAuth 1.0a {method} {place} secret={secret!r}"
            common = {"client_secret": secret, "signature_method": method, "signature_type": place, "rsa_key": RSA if method == "RSA-SHA1" else None}
            try:
                first = OAuth1Session(name, callback_uri="http://127.0.0.1/cb", **common)
                temporary = first.fetch_request_token(f"{BASE}/oauth1/initiate")
                page = requests.get(f"{BASE}/oauth1/authorize", params={"oauth_token": temporary["oauth_token"]}, allow_redirects=False)
                first.parse_authorization_response(page.headers["location"])
                final = first.fetch_access_token(f"{BASE}/oauth1/token")
                api = OAuth1Session(name, resource_owner_key=final["oauth_token"], resource_owner_secret=final["oauth_token_secret"], **common)
                seen = api.post(f"{BASE}/oauth1/api", params={"a": "1 2"}, data={"c": "x&y=z"})
                forged = dict(common, rsa_key=OTHER) if method == "RSA-SHA1" else dict(common, client_secret="wrong")
                api = OAuth1Session(name, resource_owner_key=final["oauth_token"], resource_owner_secret=final["oauth_token_secret"], **forged)
                refused = api.post(f"{BASE}/oauth1/api", data={"c": "1"})
                check(label, seen.status_code == 200 and seen.json()["form"] == [["c", "x&y=z"]] and refused.status_code == 401, f"forged: {refused.status_code}")
            except Exception as error:
                check(label, False, repr(error))

verifier = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
query = {"response_type": "code", "client_id": "basic", "redirect_uri": "http://127.0.0.1/cb", "scope": "read", "state": "s", "code_challenge": challenge, "code_challenge_method": "S256"}


def token(auth=("basic", "simple-secret"), path="/oauth/token", **data):
    return requests.post(BASE + path, auth=auth, data=data)


def callback(**more):
    location = requests.get(f"{BASE}/oauth/authorize", params={**query, **more}, allow_redirects=False).headers["location"]
    parts = urlsplit(location)
    return dict(parse_qsl(parts.query or parts.fragment))


got = callback()
wrong = token(grant_type="authorization_code", code=got["code"], redirect_uri=query["redirect_uri"], code_verifier="x" * 43)
tokens = token(grant_type="authorization_code", code=got["code"], redirect_uri=query["redirect_uri"], code_verifier=verifier).json()
check("code + PKCE", "access_token" in tokens and wrong.status_code == 400, f"{sorted(tokens)}; wrong verifier: {wrong.text}")
check("API", requests.get(f"{BASE}/oauth/api", headers={"authorization": "Bearer " + tokens["access_token"]}).json()["user"] == "alice")
check("API without a token", requests.get(f"{BASE}/oauth/api").status_code == 401, requests.get(f"{BASE}/oauth/api").headers.get("www-authenticate"))
check("user refuses", callback(ui="deny").get("error") == "access_denied", callback(ui="deny"))
# Authlib only lets clients without a secret use the implicit grant.
got = callback(response_type="token", client_id="public")
check("implicit", "access_token" in got, sorted(got))
fresh = token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
check("refresh", fresh.ok, sorted(fresh.json()))
check("introspection", token(path="/oauth/introspect", token=fresh.json()["access_token"]).json()["active"])
token(path="/oauth/revoke", token=fresh.json()["access_token"])
check("revocation", token(path="/oauth/introspect", token=fresh.json()["access_token"]).json() == {"active": False})
check("client_credentials basic", token(grant_type="client_credentials", scope="read").ok)
check("client_credentials post", token(auth=None, grant_type="client_credentials", client_id="post", client_secret="simple-secret").ok)
odd = "%41 &+:=/é"  # "%41" tells a server that decodes from one that does not
raw = token(auth=("odd client:+%", odd.encode()), grant_type="client_credentials")
escaped = token(auth=(quote("odd client:+%", safe=""), quote(odd, safe="")), grant_type="client_credentials")
check("an odd secret in Basic", raw.ok != escaped.ok, f"as it is: {raw.status_code}, form-encoded (RFC 6749): {escaped.status_code}")
check("password", token(grant_type="password", username="bob", password="bob-password", scope="read").ok)
device = token(path="/oauth/device", client_id="basic", scope="read").json()
grant = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": device["device_code"]}
first, second = token(**grant).json(), token(**grant).json()
requests.post(f"{BASE}/oauth/activate", data={"user_code": device["user_code"]})
time.sleep(1)
done = token(**grant)
check("device grant with slow_down", first["error"] == "authorization_pending" and second["error"] == "slow_down" and done.ok, [first["error"], second["error"], sorted(done.json())])
print("failed:", bad)
sys.exit(bool(bad))
