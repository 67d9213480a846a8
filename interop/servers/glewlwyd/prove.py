"""Walks through Glewlwyd, one line a feature:  python prove.py PORT STATE_DIR

Needs requests and jwcrypto.
"""
import base64
import hashlib
import json
import os
import sys
import time
import uuid
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from jwcrypto import jwk, jws

PORT, STATE = sys.argv[1], sys.argv[2]
OIDC, NONCE = (f"http://localhost:{PORT}/api/{name}" for name in ("oidc", "nonce"))
SECRET = "test-secret-0123456789-0123456789-0123456789-0123456789-0123456789"
CB = "http://127.0.0.1:9999/cb"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
failed = []


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def report(name, good, detail=""):
    if not good:
        failed.append(name)
    print("ok  " if good else "FAIL", f"{name}:", (detail if isinstance(detail, str) else json.dumps(detail))[:260], flush=True)


def sign(key, alg, claims, **header):
    token = jws.JWS(json.dumps(claims).encode())
    token.add_signature(key, None, json.dumps({"alg": alg, **header}))
    return token.serialize(compact=True)


def decode(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def alice():
    session = requests.Session()
    session.post(f"http://localhost:{PORT}/api/auth/", json={"username": "alice", "password": "alice-password"}).raise_for_status()
    return session


def authorize(session, client_id="basic", base=OIDC, **params):
    query = {"response_type": "code", "client_id": client_id, "redirect_uri": CB, "scope": "openid read", "state": "s", "nonce": "nonce-0123", **params}
    location = session.get(f"{base}/auth?" + urlencode(query) + "&g_continue", allow_redirects=False).headers["location"]
    parts = urlsplit(location)
    return dict(parse_qsl(parts.query or parts.fragment)) or location


def token(auth=("basic", SECRET), base=OIDC, path="/token", headers=None, **data):
    return requests.post(base + path, auth=auth, data=data, headers=headers)


def proof(key, url, nonce=None, method="POST", access=None):
    claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
    if nonce:
        claims["nonce"] = nonce
    if access:
        claims["ath"] = b64(hashlib.sha256(access.encode()).digest())
    return sign(key, "ES256", claims, typ="dpop+jwt", jwk=key.export_public(as_dict=True))


session = alice()
verifier = b64(os.urandom(32))
challenge = b64(hashlib.sha256(verifier.encode()).digest())
got = authorize(session, scope="openid offline read", code_challenge=challenge, code_challenge_method="S256")
tokens = token(grant_type="authorization_code", code=got["code"], redirect_uri=CB, code_verifier=verifier).json()
report("code + PKCE + iss", got["iss"] == OIDC and "id_token" in tokens, {k: got[k] for k in ("iss", "state")} | {"token": sorted(tokens)})
report("userinfo", "sub" in requests.get(f"{OIDC}/userinfo", headers={"authorization": "Bearer " + tokens["access_token"]}).json())
fresh = token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
report("refresh", "access_token" in fresh, sorted(fresh))
report("introspection", token(path="/introspect", token=tokens["access_token"]).json()["active"])
report("revocation", token(path="/revoke", token=tokens["access_token"]).ok and not token(path="/introspect", token=tokens["access_token"]).json()["active"])
report("client_credentials basic", token(grant_type="client_credentials", scope="read").ok)
report("client_secret_post", token(auth=None, grant_type="client_credentials", scope="read", client_id="post", client_secret=SECRET).ok)
now = int(time.time())
claims = lambda who: {"iss": who, "sub": who, "aud": f"{OIDC}/token", "jti": str(uuid.uuid4()), "iat": now, "exp": now + 60}
shared = jwk.JWK(kty="oct", k=b64(SECRET.encode()))
answer = token(auth=None, grant_type="client_credentials", scope="read", client_assertion_type=ASSERTION, client_assertion=sign(shared, "HS256", claims("csjwt")))
report("client_secret_jwt", answer.ok, answer.text)
with open(os.path.join(STATE, "client.pem"), "rb") as file:
    private = jwk.JWK.from_pem(file.read())
answer = token(auth=None, grant_type="client_credentials", scope="read", client_assertion_type=ASSERTION, client_assertion=sign(private, "RS256", claims("pkjwt")))
report("private_key_jwt", answer.ok, answer.text)
report("password grant", token(grant_type="password", username="alice", password="alice-password", scope="openid read").ok)
for kind in ("token", "id_token", "id_token token", "code id_token", "code id_token token"):
    got = authorize(session, response_type=kind)
    report(f"response_type={kind}", isinstance(got, dict) and "error" not in got and len(got) > 1, sorted(got) if isinstance(got, dict) else got)
for mode in ("jwt", "query.jwt", "form_post"):
    answer = session.get(f"{OIDC}/auth", params={"response_type": "code", "client_id": "basic", "redirect_uri": CB, "scope": "openid", "nonce": "nonce-0123", "response_mode": mode, "g_continue": ""}, allow_redirects=False)
    shown = answer.headers.get("location", answer.text)
    report(f"response_mode={mode}", ("response=" in shown) if "jwt" in mode else ("code" in shown and "form" in shown), shown)
request = sign(private, "RS256", {"iss": "pkjwt", "aud": OIDC, "client_id": "pkjwt", "response_type": "code", "redirect_uri": CB, "scope": "openid", "nonce": "nonce-0123", "state": "s", "exp": now + 60, "nbf": now, "jti": str(uuid.uuid4())}, typ="oauth-authz-req+jwt")
got = authorize(session, "pkjwt", request=request, scope="openid")
report("JAR", isinstance(got, dict) and "code" in got, got)
pushed = token(path="/par", response_type="code", client_id="basic", redirect_uri=CB, scope="openid", nonce="nonce-0123", state="p").json()
answer = session.get(f"{OIDC}/auth", params={"client_id": "basic", "request_uri": pushed["request_uri"], "g_continue": ""}, allow_redirects=False).headers["location"]
report("PAR", "code=" in answer, {**pushed, "to": answer})
device = token(path="/device_authorization", client_id="basic", scope="openid read").json()
grant = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": device["device_code"], "client_id": "basic"}
waiting, hasty = token(**grant).json(), token(**grant).json()
steps = []
for _ in range(2):
    answer = session.get(f"{OIDC}/device", params={"code": device["user_code"], "g_continue": ""}, allow_redirects=False)
    steps.append(answer.headers.get("location", "")[:110])
time.sleep(2)
done = token(**grant)
report("device grant", done.ok, {"waiting": waiting.get("error"), "at once again": hasty.get("error"), "pages": steps, "done": sorted(done.json())})
ciba = token(path="/ciba", scope="openid read", login_hint=json.dumps({"username": "alice"}), binding_message="hello1").json()
grant = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": ciba["auth_req_id"]}
waiting = token(**grant).json()
listed = session.get(f"{OIDC}/ciba_user_list", params={"username": "alice"}).json()
answer = session.get(f"{OIDC}/ciba_user_check", params={"user_req_id": listed[0]["user_req_id"], "g_continue": ""}, allow_redirects=False)
time.sleep(5)
done = token(**grant)
report("CIBA poll", done.ok, {"request": ciba, "waiting": waiting, "page": answer.headers.get("location"), "done": sorted(done.json())})
key = jwk.JWK.generate(kty="EC", crv="P-256")
got = authorize(session)
answer = token(headers={"dpop": proof(key, f"{OIDC}/token")}, grant_type="authorization_code", code=got["code"], redirect_uri=CB)
report("DPoP", answer.ok and answer.json()["token_type"].lower() == "dpop", {k: v for k, v in answer.json().items() if "token" not in k or k == "token_type"} | {"dpop-nonce": answer.headers.get("dpop-nonce")})
access = answer.json().get("access_token", "")
me = requests.get(f"{OIDC}/userinfo", headers={"authorization": f"DPoP {access}", "dpop": proof(key, f"{OIDC}/userinfo", method="GET", access=access)})
report("DPoP userinfo", me.ok, {"status": me.status_code, "www-authenticate": me.headers.get("www-authenticate"), "body": me.text})
got = authorize(session, base=NONCE)
first = token(base=NONCE, headers={"dpop": proof(key, f"{NONCE}/token")}, grant_type="authorization_code", code=got["code"], redirect_uri=CB)
nonce = first.headers.get("dpop-nonce")
second = token(base=NONCE, headers={"dpop": proof(key, f"{NONCE}/token", nonce=nonce)}, grant_type="authorization_code", code=got["code"], redirect_uri=CB)
report("DPoP nonce", first.json().get("error") == "use_dpop_nonce" and second.ok, {"first": first.text, "nonce": nonce, "second": second.text[:80]})
got = authorize(session, resource="https://api.example.test/")
answer = token(grant_type="authorization_code", code=got["code"], redirect_uri=CB, resource="https://api.example.test/").json()
report("resource indicator", "access_token" in answer and decode(answer["access_token"])["aud"] == "https://api.example.test/", answer.get("error", "") or decode(answer["access_token"])["aud"])
got = authorize(session, authorization_details=json.dumps([{"type": "payment"}]))
report("authorization_details", isinstance(got, dict) and "code" in got, got)
answer = requests.post(f"{OIDC}/register", json={"redirect_uris": [CB.replace("127.0.0.1", "localhost")], "client_name": "dynamic"})
report("dynamic registration", answer.ok, answer.text)
got = authorize(session, "idt-enc")
answer = token(auth=("idt-enc", SECRET), grant_type="authorization_code", code=got["code"], redirect_uri=CB).json()
report("encrypted id token", answer.get("id_token", "").count(".") == 4, sorted(answer))
print("failed:", failed)
sys.exit(bool(failed))
