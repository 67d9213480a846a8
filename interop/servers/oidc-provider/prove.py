"""Walks through the features of the server, one line each.

    python prove.py PORT STATE_DIR

Needs requests and jwcrypto.  Written against the protocol only, so that it can
also serve as a list of what a client under test has to manage.
"""
import base64
import hashlib
import json
import os
import re
import sys
import time
import uuid
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import requests
from jwcrypto import jwe, jwk, jws

PORT, STATE = int(sys.argv[1]), sys.argv[2]
MAIN = f"http://127.0.0.1:{PORT}"
TLS = f"https://localhost:{PORT + 1}"
STRICT = f"http://127.0.0.1:{PORT + 3}"
SECRET = "test-secret-0123456789-0123456789-0123456789-0123456789-0123456789"
CB = "http://127.0.0.1/cb"
GT = "urn:ietf:params:oauth:grant-type:"
TT = "urn:ietf:params:oauth:token-type:"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CA = os.path.join(STATE, "ca.crt")

count = {"ok": 0, "FAIL": 0}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def report(name, good, detail=""):
    word = "ok" if good else "FAIL"
    count[word] += 1
    text = json.dumps(detail) if not isinstance(detail, str) else detail
    print(f"{word:4} {name}: {text[:230]}", flush=True)


def key(name):
    with open(os.path.join(STATE, name)) as file:
        return jwk.JWK.from_json(file.read())


def sign(private, alg, claims, **header):
    token = jws.JWS(json.dumps(claims).encode())
    token.add_signature(private, None, json.dumps({"alg": alg, **header}))
    return token.serialize(compact=True)


def decode(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def head(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))


def pkce():
    verifier = b64(os.urandom(32))
    return verifier, b64(hashlib.sha256(verifier.encode()).digest())


def walk(url, session=None):
    """Follows redirects with cookies until one leaves the server."""
    session = session or requests.Session()
    host = urlsplit(url).netloc
    for _ in range(12):
        answer = session.get(url, allow_redirects=False, verify=CA)
        if "location" not in answer.headers:
            return answer
        url = urljoin(url, answer.headers["location"])
        if urlsplit(url).netloc != host:
            return url
    raise RuntimeError("too many redirects")


def authorize(client_id, base=MAIN, session=None, **params):
    verifier, challenge = pkce()
    query = {
        "client_id": client_id, "response_type": "code", "redirect_uri": CB, "scope": "openid", "state": "s1",
        "code_challenge": challenge, "code_challenge_method": "S256", **params,
    }
    end = walk(f"{base}/auth?" + urlencode({k: v for k, v in query.items() if v is not None}, doseq=True), session)
    if not isinstance(end, str):
        return end, verifier
    parts = urlsplit(end)
    return dict(parse_qsl(parts.query or parts.fragment)), verifier


def token(auth=("basic", SECRET), base=MAIN, path="/token", headers=None, cert=None, **data):
    return requests.post(
        base + path, auth=auth, headers=headers, cert=cert, verify=CA,
        data={k: v for k, v in data.items() if v is not None})


def code_flow(client_id="basic", auth="basic", base=MAIN, token_extra=None, **params):
    got, verifier = authorize(client_id, base, **params)
    if not isinstance(got, dict) or "code" not in got:
        return got, None
    extra = dict(token_extra or {})
    login = (client_id, SECRET) if auth == "basic" else None
    answer = token(auth=login, base=base, grant_type="authorization_code", code=got["code"],
                   redirect_uri=params.get("redirect_uri", CB), code_verifier=verifier,
                   client_id=client_id if auth is None else None, **extra)
    return got, answer.json()


def proof(private, method, url, nonce=None, access_token=None, alg="ES256"):
    claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
    if nonce:
        claims["nonce"] = nonce
    if access_token:
        claims["ath"] = b64(hashlib.sha256(access_token.encode()).digest())
    return sign(private, alg, claims, typ="dpop+jwt", jwk=private.export_public(as_dict=True))


def assertion(client_id, private, alg, audience, **more):
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": audience, "jti": str(uuid.uuid4()), "iat": now, "exp": now + 60, **more}
    return sign(private, alg, claims, **({"kid": private.get("kid")} if private.get("kid") else {}))


def metadata():
    oidc = requests.get(f"{MAIN}/.well-known/openid-configuration").json()
    rfc8414 = requests.get(f"{MAIN}/.well-known/oauth-authorization-server")
    report("discovery", oidc["issuer"] == MAIN, {"oauth-authorization-server": rfc8414.status_code, "members": len(oidc)})
    keys = requests.get(oidc["jwks_uri"]).json()["keys"]
    report("jwks", len(keys) == 7, [k.get("crv", k["kty"]) + "/" + k["use"] for k in keys])


def flows():
    got, tokens = code_flow(scope="openid profile email offline_access read", prompt="consent", nonce="n1")
    claims = decode(tokens["id_token"])
    report("code + PKCE, iss parameter", got["iss"] == MAIN and claims["nonce"] == "n1", {**got, "sub": claims["sub"], "token": sorted(tokens)})
    access = tokens["access_token"]
    me = requests.get(f"{MAIN}/me", headers={"authorization": f"Bearer {access}"}).json()
    report("userinfo", me["sub"] == "alice" and me["email"] == "alice@example.test", me)
    seen = token(path="/token/introspection", token=access).json()
    report("introspection", seen["active"], seen)
    fresh = token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
    report("refresh with rotation", fresh.get("refresh_token") not in (None, tokens["refresh_token"]), sorted(fresh))
    again = token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    report("old refresh token refused", again.status_code == 400, again.text)
    gone = token(path="/token/revocation", token=access)
    after = token(path="/token/introspection", token=access).json()
    report("revocation", gone.status_code == 200 and after == {"active": False}, after)

    got, tokens = code_flow("public", auth=None)
    report("public client", "id_token" in (tokens or {}), sorted(tokens or got))
    got, _ = authorize("basic", ui="deny")
    report("user refuses", got.get("error") == "access_denied", got)
    got, _ = authorize("basic", prompt="none")
    report("prompt=none", got.get("error") == "login_required", got)
    got, tokens = code_flow(login_hint="bob", acr_values="urn:test:gold", max_age="100", claims=json.dumps({"id_token": {"email": None, "acr": {"essential": True}}}))
    claims = decode(tokens["id_token"])
    report("claims parameter, acr, max_age", claims.get("email") == "bob@example.test" and "auth_time" in claims, claims)
    got, tokens = code_flow(resource="https://api.example.test/jwt", scope="openid read")
    report("resource indicator (JWT access token)", decode(tokens["access_token"])["aud"].endswith("/jwt"), {**head(tokens["access_token"]), **decode(tokens["access_token"])})
    got, _ = authorize("basic", resource="https://api.example.test/other")
    report("unknown resource", got.get("error") == "invalid_target", got)
    details = json.dumps([{"type": "payment", "amount": "10"}])
    got, tokens = code_flow(authorization_details=details, resource="https://api.example.test/jwt", scope="openid read")
    report("authorization_details (RAR)", bool(tokens) and "authorization_details" in tokens, tokens.get("authorization_details") if tokens else got)
    got, _ = authorize("basic", response_mode="form_post")
    text = got.text if not isinstance(got, dict) else str(got)
    report("response_mode=form_post", 'name="code"' in text, " ".join(re.findall(r'name="(\w+)"', text)))
    for kind in ("code id_token", "code token", "code id_token token", "id_token token", "id_token", "none"):
        got, _ = authorize("hybrid", response_type=kind, redirect_uri="https://rp.example.test/cb", nonce="n2")
        wanted = {"code": "code", "id_token": "id_token", "token": "access_token"}
        good = isinstance(got, dict) and all(wanted[w] in got for w in kind.split() if w != "none") and "error" not in got
        report(f"response_type={kind}", good, sorted(got) if good else str(got))
    got, tokens = code_flow("pairwise", redirect_uri="https://rp.example.test/cb")
    report("pairwise subject", decode(tokens["id_token"])["sub"] == "pw-alice-rp.example.test", decode(tokens["id_token"])["sub"])


def client_authentication():
    cc = {"grant_type": "client_credentials", "scope": "read"}
    answer = token(**cc)
    report("client_secret_basic", answer.ok, answer.json())
    answer = token(auth=None, client_id="post", client_secret=SECRET, **cc)
    report("client_secret_post", answer.ok, sorted(answer.json()))
    shared = jwk.JWK(kty="oct", k=b64(SECRET.encode()))
    answer = token(auth=None, client_assertion_type=ASSERTION, client_assertion=assertion("csjwt", shared, "HS256", MAIN), **cc)
    report("client_secret_jwt", answer.ok, sorted(answer.json()))
    for alg in ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"):
        private = key(f"client-{alg}.jwk.json")
        answer = token(auth=None, client_assertion_type=ASSERTION, client_assertion=assertion(f"pkjwt-{alg.lower()}", private, alg, MAIN + "/token"), **cc)
        report(f"private_key_jwt {alg}", answer.ok, sorted(answer.json()) if answer.ok else answer.text)
    mtls = requests.get(f"{TLS}/.well-known/openid-configuration", verify=CA).json()["mtls_endpoint_aliases"]["token_endpoint"]
    for client_id, name in (("tls", "client"), ("tls-dn", "client"), ("selfsigned", "selfsigned")):
        cert = tuple(os.path.join(STATE, f"{name}.{ext}") for ext in ("crt", "key"))
        answer = requests.post(mtls, data={"client_id": client_id, "resource": "https://api.example.test/jwt", **cc}, cert=cert, verify=CA)
        report(f"mutual TLS: {client_id}", answer.ok, decode(answer.json()["access_token"])["cnf"] if answer.ok else answer.text)
    answer = token(auth=("basic", "wrong"), **cc)
    report("wrong secret", answer.status_code == 401, answer.headers.get("www-authenticate", "") + " " + answer.text)


def pushed_and_signed():
    def push(client_id, auth=True, base=MAIN, headers=None, **params):
        verifier, challenge = pkce()
        data = {"response_type": "code", "redirect_uri": CB, "scope": "openid", "code_challenge": challenge, "code_challenge_method": "S256", "client_id": client_id, **params}
        return verifier, requests.post(f"{base}/request", data=data, auth=(client_id, SECRET) if auth else None, headers=headers)

    verifier, answer = push("par")
    pushed = answer.json()
    end = walk(f"{MAIN}/auth?" + urlencode({"client_id": "par", "request_uri": pushed["request_uri"]}))
    code = dict(parse_qsl(urlsplit(end).query))["code"]
    tokens = token(auth=("par", SECRET), grant_type="authorization_code", code=code, redirect_uri=CB, code_verifier=verifier)
    report("PAR", answer.status_code == 201 and tokens.ok, pushed)
    got, _ = authorize("par")
    text = got if isinstance(got, dict) else got.text
    report("PAR required", "Pushed" in str(text), str(text))

    def request_object(client_id, private, alg):
        verifier, challenge = pkce()
        now = int(time.time())
        return verifier, sign(private, alg, {
            "iss": client_id, "aud": MAIN, "client_id": client_id, "response_type": "code", "redirect_uri": CB, "scope": "openid",
            "state": "s2", "code_challenge": challenge, "code_challenge_method": "S256", "nbf": now, "exp": now + 60, "jti": str(uuid.uuid4()),
        }, typ="oauth-authz-req+jwt", **({"kid": private.get("kid")} if private.get("kid") else {}))

    def by_value(client_id, request):
        end = walk(f"{MAIN}/auth?" + urlencode({"client_id": client_id, "request": request}))
        return dict(parse_qsl(urlsplit(end).query)) if isinstance(end, str) else end.text

    _, request = request_object("jar", key("client-RS256.jwk.json"), "RS256")
    got = by_value("jar", request)
    report("JAR RS256", "code" in got, got)
    _, request = request_object("jar-hs", jwk.JWK(kty="oct", k=b64(SECRET.encode())), "HS256")
    got = by_value("jar-hs", request)
    report("JAR HS256", "code" in got, got)
    server = next(k for k in requests.get(f"{MAIN}/jwks").json()["keys"] if k["kty"] == "RSA" and k["use"] == "enc")
    _, request = request_object("jar-enc", key("client-RS256.jwk.json"), "RS256")
    sealed = jwe.JWE(request.encode(), json.dumps({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": server["kid"], "cty": "oauth-authz-req+jwt"}), recipient=jwk.JWK(**server))
    got = by_value("jar-enc", sealed.serialize(compact=True))
    report("JAR signed and encrypted", "code" in got, got)
    _, request = request_object("jar", key("client-RS256.jwk.json"), "RS256")
    answer = requests.post(f"{MAIN}/request", auth=("jar", SECRET), data={"client_id": "jar", "request": request})
    report("JAR in PAR", answer.status_code == 201, answer.text)

    got, _ = authorize("jarm", response_mode="jwt")
    report("JARM", "response" in got, {**head(got["response"]), **decode(got["response"])})
    got, _ = authorize("jarm-enc", response_mode="query.jwt")
    opened = jwe.JWE()
    opened.deserialize(got["response"], key("client-RSA-OAEP-256.jwk.json"))
    report("JARM encrypted", opened.payload.count(b".") == 2, {**head(got["response"]), "inner": decode(opened.payload.decode())})


def answers():
    for alg in ("PS256", "ES256", "ES512", "EdDSA", "HS256"):
        _, tokens = code_flow(f"idt-{alg.lower()}")
        report(f"id token {alg}", head(tokens["id_token"])["alg"] == alg, head(tokens["id_token"]))
    for client_id, private in (("idt-enc-rsa", key("client-RSA-OAEP-256.jwk.json")), ("idt-enc-ecdh", key("client-ECDH-ES.jwk.json")),
                               ("idt-enc-dir", jwk.JWK(kty="oct", k=b64(hashlib.sha256(SECRET.encode()).digest()[:16])))):
        _, tokens = code_flow(client_id)
        try:
            opened = jwe.JWE()
            opened.deserialize(tokens["id_token"], private)
            report(f"id token {client_id}", True, {**head(tokens["id_token"]), "sub": decode(opened.payload.decode())["sub"]})
        except Exception as error:
            report(f"id token {client_id}", False, f"{error!r} {tokens}")
    for client_id in ("jwt-userinfo", "jwt-userinfo-enc"):
        _, tokens = code_flow(client_id, scope="openid email")
        me = requests.get(f"{MAIN}/me", headers={"authorization": f"Bearer {tokens['access_token']}"})
        report(client_id, me.headers["content-type"].startswith("application/jwt"), {"content-type": me.headers["content-type"], **head(me.text)})
    _, tokens = code_flow("jwt-introspection")
    seen = requests.post(f"{MAIN}/token/introspection", auth=("jwt-introspection", SECRET), data={"token": tokens["access_token"]}, headers={"accept": "application/token-introspection+jwt"})
    report("JWT introspection", "introspection+jwt" in seen.headers["content-type"], {**head(seen.text), **decode(seen.text)})


def dpop():
    private = jwk.JWK.generate(kty="EC", crv="P-256")
    got, verifier = authorize("dpop")
    refused = token(auth=("dpop", SECRET), grant_type="authorization_code", code=got["code"], redirect_uri=CB, code_verifier=verifier)
    got, verifier = authorize("dpop", dpop_jkt=b64(hashlib.sha256(json.dumps({k: private.export_public(as_dict=True)[k] for k in ("crv", "kty", "x", "y")}, separators=(",", ":")).encode()).digest()))
    answer = token(auth=("dpop", SECRET), headers={"dpop": proof(private, "POST", f"{MAIN}/token")}, grant_type="authorization_code", code=got["code"], redirect_uri=CB, code_verifier=verifier).json()
    report("DPoP token", answer.get("token_type") == "DPoP", {"without proof": refused.json().get("error_description"), **{k: answer.get(k) for k in ("token_type", "error_description")}})
    access = answer["access_token"]
    me = requests.get(f"{MAIN}/me", headers={"authorization": f"DPoP {access}", "dpop": proof(private, "GET", f"{MAIN}/me", access_token=access)})
    bearer = requests.get(f"{MAIN}/me", headers={"authorization": f"Bearer {access}"})
    report("DPoP userinfo", me.ok and bearer.status_code == 401, {"bearer": bearer.headers.get("www-authenticate"), "dpop": me.json()})
    first = token(base=STRICT, headers={"dpop": proof(private, "POST", f"{STRICT}/token")}, grant_type="client_credentials", scope="read")
    nonce = first.headers.get("dpop-nonce")
    second = token(base=STRICT, headers={"dpop": proof(private, "POST", f"{STRICT}/token", nonce=nonce)}, grant_type="client_credentials", scope="read")
    report("DPoP nonce", first.json()["error"] == "use_dpop_nonce" and second.ok, {"first": first.json(), "nonce": nonce, "second": second.json().get("token_type")})


def other_grants():
    answer = token(path="/device/auth", client_id="basic", scope="openid offline_access").json()
    data = {"grant_type": GT + "device_code", "device_code": answer["device_code"]}
    waiting = token(**data).json()
    requests.post(f"{MAIN}/_test/device", data={"user_code": answer["user_code"], "action": "approve"})
    done = token(**data)
    report("device grant", waiting["error"] == "authorization_pending" and done.ok, {**answer, "waiting": waiting["error"], "done": sorted(done.json())})
    answer = token(path="/device/auth", client_id="basic", scope="openid").json()
    requests.post(f"{MAIN}/_test/device", data={"user_code": answer["user_code"], "action": "deny"})
    done = token(grant_type=GT + "device_code", device_code=answer["device_code"])
    report("device grant refused", done.json()["error"] == "access_denied", done.json())
    # The same through the pages that a browser would show.
    answer = token(path="/device/auth", client_id="basic", scope="openid").json()
    session = requests.Session()
    fields = lambda text: dict(re.findall(r'name="(\w+)" value="([^"]*)"', text))
    form = fields(session.get(answer["verification_uri_complete"]).text)
    form = {**form, **fields(session.post(f"{MAIN}/device", data=form).text)}
    page = session.post(f"{MAIN}/device", data={**form, "confirm": "yes"})
    done = token(grant_type=GT + "device_code", device_code=answer["device_code"])
    report("device grant through the pages", done.ok, {"page": re.sub(r"<[^>]+>|\s+", " ", page.text)[-90:].strip(), "done": sorted(done.json())})

    answer = token(path="/backchannel", scope="openid", login_hint="alice", binding_message="W4SCT").json()
    data = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": answer["auth_req_id"]}
    waiting = token(**data).json()
    time.sleep(2.5)
    done = token(**data)
    report("CIBA poll", waiting["error"] == "authorization_pending" and done.ok, {**answer, "done": sorted(done.json())})
    answer = token(path="/backchannel", scope="openid", login_hint="deny").json()
    time.sleep(2.5)
    done = token(grant_type="urn:openid:params:grant-type:ciba", auth_req_id=answer["auth_req_id"])
    report("CIBA refused", done.json()["error"] == "access_denied", done.json())

    _, tokens = code_flow(scope="openid read")
    done = token(grant_type=GT + "token-exchange", subject_token=tokens["access_token"], subject_token_type=TT + "access_token",
                 actor_token=tokens["id_token"], actor_token_type=TT + "id_token", resource="https://api.example.test/jwt", scope="read")
    answer = done.json()
    report("token exchange", done.ok and answer["issued_token_type"] == TT + "access_token", {**answer, "access_token": decode(answer["access_token"])} if done.ok else answer)
    issuer, now = key("assertion-issuer.jwk.json"), int(time.time())
    claim = sign(issuer, "RS256", {"iss": "https://assertions.example.test", "sub": "carol", "aud": f"{MAIN}/token", "iat": now, "exp": now + 60}, kid=issuer.get("kid"))
    done = token(grant_type=GT + "jwt-bearer", assertion=claim, scope="read")
    report("JWT bearer grant", done.ok, done.json())
    done = token(grant_type="password", username="dave", password="dave-password", scope="openid offline_access")
    report("password grant", done.ok, sorted(done.json()))
    done = token(auth=("short-basic", SECRET), grant_type="client_credentials", scope="read").json()
    report("short-lived token", done["expires_in"] <= 3, done)


def registration():
    made = requests.post(f"{MAIN}/reg", json={"redirect_uris": ["https://rp.example.test/cb"], "client_name": "dynamic"}).json()
    bearer = {"authorization": f"Bearer {made['registration_access_token']}"}
    read = requests.get(made["registration_client_uri"], headers=bearer)
    changes = {k: v for k, v in read.json().items() if k not in ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")}
    changed = requests.put(made["registration_client_uri"], headers={"authorization": f"Bearer {read.json()['registration_access_token']}"}, json={**changes, "client_name": "renamed"})
    last = changed.json().get("registration_access_token", "")
    removed = requests.delete(made["registration_client_uri"], headers={"authorization": f"Bearer {last}"})
    report("dynamic registration: create, read, update, delete", removed.status_code == 204, {"id": made["client_id"], "read": read.status_code, "name": changed.json().get("client_name"), "delete": removed.status_code})
    refused = requests.post(f"{STRICT}/reg", json={"redirect_uris": ["https://rp.example.test/cb"]})
    allowed = requests.post(f"{STRICT}/reg", json={"redirect_uris": ["https://rp.example.test/cb"]}, headers={"authorization": "Bearer initial-access-token"})
    report("initial access token", allowed.status_code == 201 and refused.status_code in (400, 401), f"{refused.status_code} then {allowed.status_code}")


def logout():
    session = requests.Session()
    got, verifier = authorize("basic", session=session)
    tokens = token(grant_type="authorization_code", code=got["code"], redirect_uri=CB, code_verifier=verifier).json()
    page = session.get(f"{MAIN}/session/end", params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "http://127.0.0.1/bye", "state": "s9"})
    xsrf = re.search(r'name="xsrf" value="([^"]+)"', page.text).group(1)
    end = session.post(f"{MAIN}/session/end/confirm", data={"xsrf": xsrf, "logout": "yes"}, allow_redirects=False)
    report("RP-initiated logout", end.headers.get("location", "").startswith("http://127.0.0.1/bye"), end.headers.get("location", end.text))


def profile():
    private, dkey = key("client-PS256.jwk.json"), jwk.JWK.generate(kty="EC", crv="P-256")
    verifier, challenge = pkce()
    cb = "https://rp.example.test/cb"
    login = lambda: {"client_assertion_type": ASSERTION, "client_assertion": assertion("fapi2", private, "PS256", MAIN)}
    pushed = requests.post(f"{MAIN}/request", headers={"dpop": proof(dkey, "POST", f"{MAIN}/request")}, data={
        "client_id": "fapi2", "response_type": "code", "redirect_uri": cb, "scope": "openid", "code_challenge": challenge, "code_challenge_method": "S256", **login()})
    if not pushed.ok:
        return report("FAPI 2.0 profile", False, pushed.text)
    end = walk(f"{MAIN}/auth?" + urlencode({"client_id": "fapi2", "request_uri": pushed.json()["request_uri"]}))
    if not isinstance(end, str):
        return report("FAPI 2.0 profile", False, end.text)
    code = parse_qs(urlsplit(end).query).get("code", [None])[0]
    done = token(auth=None, headers={"dpop": proof(dkey, "POST", f"{MAIN}/token")}, grant_type="authorization_code", code=code, redirect_uri=cb, code_verifier=verifier, **login())
    report("FAPI 2.0 profile (PAR, private_key_jwt PS256, DPoP, PKCE, iss)", done.ok, {"callback": end, "token": sorted(done.json()) if done.ok else done.text})


for step in (metadata, flows, client_authentication, pushed_and_signed, answers, dpop, other_grants, registration, logout, profile):
    try:
        step()
    except Exception as error:
        import traceback
        traceback.print_exc()
        report(step.__name__, False, repr(error))
print(count)
sys.exit(1 if count["FAIL"] else 0)
