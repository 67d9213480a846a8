"""Configures a fresh Glewlwyd over its REST interface: plugins, scopes, users, clients.

    setup.py PORT STATE_DIR      (only the standard library and openssl are needed)
"""
import http.cookiejar
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PORT, STATE = sys.argv[1], sys.argv[2]
LIFETIME = int(os.environ.get("ACCESS_TOKEN_LIFETIME", "3"))
REDIRECT_PORTS = os.environ.get("REDIRECT_PORTS", "9999 9998").split()
BASE = f"http://localhost:{PORT}/api"
NOTIFICATIONS = f"http://127.0.0.1:{os.environ.get('NOTIFICATION_PORT', '9997')}/"
SECRET = "test-secret-0123456789-0123456789-0123456789-0123456789-0123456789"
ODD_SECRET = "%41 &+:=/é"  # Glewlwyd takes Basic credentials as they are, without the decoding of RFC 6749, 2.3.1
cookies = http.cookiejar.CookieJar()
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()}")


def wait():
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://localhost:{PORT}/config", timeout=2).read()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("glewlwyd does not answer")


def private_key(name, *arguments):
    path = os.path.join(STATE, name)
    subprocess.run(["openssl", "genpkey", *arguments, "-out", path], check=True, capture_output=True)
    public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout"], check=True, capture_output=True, text=True).stdout
    with open(path) as file:
        return file.read(), public


wait()
call("POST", "/auth/", {"username": "admin", "password": "password"})
server_private, server_public = private_key("server.pem", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
client_private, client_public = private_key("client.pem", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")

for name in ("offline", "read", "write", "email", "profile"):
    call("POST", "/scope/", {"name": name, "display_name": name, "description": name, "password_required": False, "scheme": {}})

OIDC = {
    "iss": f"http://localhost:{PORT}/api/oidc",
    "jwt-type": "rsa", "jwt-key-size": "256", "key": server_private, "cert": server_public,
    "access-token-duration": 600, "refresh-token-duration": 86400, "code-duration": 60,
    "refresh-token-rolling": True, "refresh-token-one-use": "always", "allow-non-oidc": True,
    "auth-type-code-enabled": True, "auth-type-code-revoke-replayed": True, "auth-type-token-enabled": True,
    "auth-type-id-token-enabled": True, "auth-type-none-enabled": True, "auth-type-password-enabled": True,
    "auth-type-client-enabled": True, "auth-type-device-enabled": True, "auth-type-refresh-enabled": True,
    "subject-type": "public", "allowed-scope": ["openid", "offline", "read", "write", "email", "profile"],
    "scope": [{"name": "offline", "refresh-token-rolling": True}],
    "jwks-show": True, "oauth-as-iss-id": True,
    "email-claim": "on-demand", "name-claim": "mandatory", "scope-claim": "no",
    "email-claim-scope": ["email"], "name-claim-scope": ["profile"],
    "claims": [], "additional-parameters": [],
    "request-parameter-allow": True, "request-parameter-ietf-strict": False, "request-parameter-allow-encrypted": True,
    "request-uri-allow-https-non-secure": True, "request-maximum-exp": 3600,
    "client-pubkey-parameter": "pubkey", "client-jwks-parameter": "jwks", "client-jwks_uri-parameter": "jwks_uri",
    "encrypt-out-token-allow": True, "client-enc-parameter": "enc", "client-alg-parameter": "alg",
    "client-alg_kid-parameter": "alg_kid", "client-sign_kid-parameter": "sign_kid",
    "client-encrypt_code-parameter": "encrypt_code", "client-encrypt_at-parameter": "encrypt_at",
    "client-encrypt_userinfo-parameter": "encrypt_userinfo", "client-encrypt_id_token-parameter": "encrypt_id_token",
    "client-encrypt_refresh_token-parameter": "encrypt_refresh_token", "client-encrypt_introspection-parameter": "encrypt_introspection",
    "pkce-allowed": True, "pkce-method-plain-allowed": True, "pkce-required": False, "pkce-required-public-client": False, "pkce-scopes": [],
    "introspection-revocation-allowed": True, "introspection-revocation-allow-target-client": True, "introspection-revocation-auth-scope": [],
    "register-client-allowed": True, "register-client-auth-scope": [], "register-client-credentials-scope": [],
    "register-client-management-allowed": True, "register-default-properties": {},
    "session-management-allowed": True, "session-cookie-name": "GLEWLWYD2_OIDC_SID", "session-cookie-expiration": 86400,
    "back-channel-logout-allowed": True, "front-channel-logout-allowed": True,
    "device-authorization-expiration": 300, "device-authorization-interval": 1,
    "oauth-dpop-allowed": True, "oauth-dpop-iat-duration": 60, "oauth-dpop-iat-gap-duration": 5,
    "oauth-dpop-nonce-mandatory": False, "oauth-dpop-nonce-counter": 8, "oauth-dpop-dpop_bound_access_tokens-property": "dpop_bound_access_tokens",
    "resource-allowed": True, "resource-scope": {"read": ["https://api.example.test/"]}, "resource-client-property": "resource",
    "resource-scope-and-client-property": False, "resource-change-allowed": True,
    "oauth-rar-allowed": True, "rar-allow-auth-unsigned": True, "rar-allow-auth-unencrypted": True,
    "rar-types-client-property": "authorization_details_types",
    "rar-types": {"payment": {"scopes": [], "description": "a payment", "locations": [], "actions": [], "datatypes": [], "enriched": []}},
    "oauth-par-allowed": True, "oauth-par-required": False, "oauth-par-request_uri-prefix": "urn:ietf:params:oauth:request_uri:", "oauth-par-duration": 90,
    "oauth-ciba-allowed": True, "oauth-ciba-mode-poll-allowed": True, "oauth-ciba-mode-ping-allowed": True, "oauth-ciba-mode-push-allowed": True,
    "oauth-ciba-allow-https-non-secure": True, "oauth-ciba-user-code-allowed": False, "oauth-ciba-user-code-property": "user-code",
    "oauth-ciba-default-expiry": 300, "oauth-ciba-maximum-expiry": 600, "oauth-ciba-email-allowed": False,
    "oauth-fapi-allow-jarm": True, "oauth-fapi-allow-multiple-kid": True,
}
call("POST", "/mod/plugin/", {"module": "oidc", "name": "oidc", "display_name": "OpenID Connect", "parameters": OIDC, "order_rank": 0, "enabled": True})
call("POST", "/mod/plugin/", {"module": "oidc", "name": "nonce", "display_name": "OpenID Connect, DPoP nonces required", "order_rank": 1, "enabled": True,
     "parameters": {**OIDC, "iss": f"http://localhost:{PORT}/api/nonce", "session-cookie-name": "GLEWLWYD2_NONCE_SID", "oauth-dpop-nonce-mandatory": True}})

call("POST", "/mod/plugin/", {"module": "oidc", "name": "short", "display_name": "OpenID Connect, short-lived access tokens", "order_rank": 2, "enabled": True,
     "parameters": {**OIDC, "iss": f"http://localhost:{PORT}/api/short", "session-cookie-name": "GLEWLWYD2_SHORT_SID", "access-token-duration": LIFETIME}})

call("POST", "/user/", {"username": "alice", "name": "User alice", "email": "alice@example.test", "password": "alice-password", "enabled": True,
     "scope": ["g_profile", "openid", "offline", "read", "write", "email", "profile"]})

# Where a person may be sent after a logout is read from the client, but its table has no room for that by default.
(store,) = json.loads(call("GET", "/mod/client/"))
store["parameters"]["data-format"]["post_logout_redirect_uris"] = {"multiple": True, "read": True, "write": True}
call("PUT", "/mod/client/database", store)
call("PUT", "/mod/client/database/reset")

base = {
    "enabled": True, "confidential": True, "scope": ["read", "write"],
    "redirect_uri": [f"http://{host}:{port}/cb" for host in ("127.0.0.1", "localhost") for port in REDIRECT_PORTS] + ["https://rp.example.test/cb"],
    "authorization_type": ["code", "token", "id_token", "none", "password", "client_credentials", "refresh_token", "device_authorization", "urn:openid:params:grant-type:ciba", "delete_token"],
    "client_secret": SECRET, "backchannel_token_delivery_mode": "poll", "resource": ["https://api.example.test/"],
    "authorization_details_types": ["payment"], "post_logout_redirect_uris": ["https://rp.example.test/bye"],
}
CLIENTS = {
    "basic": {"token_endpoint_auth_method": ["client_secret_basic"]},
    "post": {"token_endpoint_auth_method": ["client_secret_post"]},
    "csjwt": {"token_endpoint_auth_method": ["client_secret_jwt"]},
    "pkjwt": {"token_endpoint_auth_method": ["private_key_jwt"], "pubkey": client_public},
    "public": {"token_endpoint_auth_method": ["none"], "confidential": False},
    "jar": {"token_endpoint_auth_method": ["client_secret_basic"], "pubkey": client_public},
    "ciba-ping": {"token_endpoint_auth_method": ["client_secret_basic"], "backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": NOTIFICATIONS},
    "ciba-push": {"token_endpoint_auth_method": ["client_secret_basic"], "backchannel_token_delivery_mode": "push", "backchannel_client_notification_endpoint": NOTIFICATIONS},
    "odd": {"token_endpoint_auth_method": ["client_secret_basic"], "client_secret": ODD_SECRET},
    "idt-enc": {"token_endpoint_auth_method": ["client_secret_basic"], "pubkey": client_public, "alg": "RSA-OAEP-256", "enc": "A256GCM", "encrypt_id_token": "1"},
    "idt-enc-kw": {"token_endpoint_auth_method": ["client_secret_basic"], "alg": "A256KW", "enc": "A256GCM", "encrypt_id_token": "1"},
    "userinfo-enc": {"token_endpoint_auth_method": ["client_secret_basic"], "pubkey": client_public, "alg": "RSA-OAEP-256", "enc": "A256GCM", "encrypt_userinfo": "1"},
}
for client_id, extra in CLIENTS.items():
    client = {**base, "client_id": client_id, "name": client_id, **extra}
    if not client["confidential"]:
        del client["client_secret"]
    call("POST", "/client/", client)

# The consent of alice to every client, so that authorization ends in a redirect.
cookies.clear()
call("POST", "/auth/", {"username": "alice", "password": "alice-password"})
for client_id in CLIENTS:
    call("PUT", f"/auth/grant/{urllib.parse.quote(client_id, safe='')}/", {"scope": "openid offline read write email profile"})
call("PUT", "/oidc/rar/basic/payment/1")  # and to payments, whatever they are about
with open(os.path.join(STATE, "alice.cookie"), "w") as file:
    file.write("; ".join(f"{c.name}={c.value}" for c in cookies))
