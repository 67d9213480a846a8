"""OAuth 1.0a and OAuth 2.0 providers on Authlib and Flask, in memory.

    python server.py PORT STATE_DIR

OAuth 1.0a (HMAC-SHA1, RSA-SHA1, PLAINTEXT): /oauth1/initiate, /oauth1/authorize, /oauth1/token, /oauth1/api (echoes the
request), /oauth1/elsewhere (a redirect to what the parameter "to" says)
OAuth 2.0: /oauth/authorize, /oauth/token, /oauth/device, /oauth/introspect, /oauth/revoke, /oauth/api
The user is always "alice" and agrees, unless the authorization request has ui=deny.
Access tokens live ten minutes, those of the clients named short-... ACCESS_TOKEN_LIFETIME seconds (3). Refresh tokens
rotate; one that comes back ends all that came of its login.
"""
import os
import signal
import sys
import threading
import time

from authlib.integrations import flask_oauth1, flask_oauth2
from authlib.common.security import generate_token
from authlib.oauth1 import ClientMixin as Client1, OAuth1Request, TemporaryCredential, TokenCredentialMixin
from authlib.oauth1.rfc5849.errors import OAuth1Error
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenGenerator, BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant, DeviceCredentialDict
from flask import Flask, Response, g, jsonify, request
from werkzeug.serving import make_server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from oauth1_common import echo, elsewhere, has_right_body_hash, public_key_of_the_client, sent  # noqa: E402

PORT, STATE = int(sys.argv[1]), sys.argv[2]
SHORT = int(os.environ.get("ACCESS_TOKEN_LIFETIME", "3"))
one_at_a_time = threading.Lock()
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain http, on the loopback address only
app = Flask(__name__)
app.config["OAUTH1_SUPPORTED_SIGNATURE_METHODS"] = ["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"]


# OAuth 1.0a ----------------------------------------------------------------

class Consumer(Client1):
    def __init__(self, secret):
        self.secret = secret

    def get_default_redirect_uri(self):
        return "http://127.0.0.1/cb"

    def get_client_secret(self):
        return self.secret

    def get_rsa_public_key(self):
        return RSA_KEY


class Credential(dict, TokenCredentialMixin):
    def get_oauth_token(self):
        return self["oauth_token"]

    def get_oauth_token_secret(self):
        return self["oauth_token_secret"]


RSA_KEY = public_key_of_the_client(STATE)
RESERVED = " &+%/=~é"  # ends the token secrets of the client "client": what has to be escaped in a key
consumers = {"client": Consumer("s3cret &+%/="), "plain": Consumer("simple-secret")}
temporary, access, nonces = {}, {}, set()


def seen_before(nonce, timestamp, client_id, token):
    entry = (nonce, timestamp, client_id, token)
    with one_at_a_time:
        seen = entry in nonces
        nonces.add(entry)
    return seen


def with_reserved_characters(token, client_id):
    return {**token, "oauth_token_secret": token["oauth_token_secret"] + (RESERVED if client_id == "client" else "")}


def keep_temporary(token, client_id, redirect_uri):
    made = TemporaryCredential(client_id=client_id, oauth_callback=redirect_uri, **with_reserved_characters(token, client_id))
    temporary[made["oauth_token"]] = made
    return made


def keep_verifier(credential, user, verifier):
    credential["oauth_verifier"] = verifier


def keep_access(token, old):
    client_id = old.get_client_id()
    made = Credential(with_reserved_characters(token, client_id), client_id=client_id)
    access[made["oauth_token"]] = made
    return made


# Authlib's parts for Flask take request.url, which is decoded for reading, and of the names of a form the first value each:
# non-ASCII queries end in a 500 there, repeated names in a refused signature. Authlib itself is given what was sent.
class Server(flask_oauth1.AuthorizationServer):
    def create_oauth1_request(self, request_):
        url, form = sent()
        return OAuth1Request(request.method, url, form, request.headers)


class Protector(flask_oauth1.ResourceProtector):
    def acquire_credential(self):
        url, form = sent()
        g.protected = self.validate_request(request.method, url, form, request.headers)


one = Server(app, query_client=consumers.get)
one.register_hook("exists_nonce", seen_before)
one.register_hook("create_temporary_credential", keep_temporary)
one.register_hook("get_temporary_credential", temporary.get)
one.register_hook("delete_temporary_credential", lambda token: temporary.pop(token, None))
one.register_hook("create_authorization_verifier", keep_verifier)
one.register_hook("create_token_credential", keep_access)
protect_one = Protector(
    app, query_client=consumers.get, exists_nonce=seen_before,
    query_token=lambda client_id, token: access.get(token) if access.get(token, {}).get("client_id") == client_id else None)


@app.post("/oauth1/initiate")
def initiate():
    return one.create_temporary_credentials_response()


@app.get("/oauth1/authorize")
def authorize_one():
    try:
        asked = one.check_authorization_request()
    except OAuth1Error as error:
        return Response(error.error, 400)
    answer = one.create_authorization_response(grant_user=None if request.args.get("ui") == "deny" else "alice")
    if asked.credential.get_redirect_uri() == "oob" and "oauth_verifier" in asked.credential:
        # Authlib sends the person to a default address; RFC 5849 section 2.2 would have them shown the verifier.
        return Response(asked.credential["oauth_verifier"], mimetype="text/plain")
    return answer


@app.post("/oauth1/token")
def token_one():
    return one.create_token_response()


@app.route("/oauth1/api", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
@protect_one()
def api_one():
    seen = g.protected
    if not has_right_body_hash(seen.oauth_params):
        return Response("body hash", 401)
    return echo(seen.oauth_params, client=seen.client_id, realm=seen.realm)


@app.route("/oauth1/elsewhere")
@protect_one()
def elsewhere_one():
    return elsewhere()


# OAuth 2.0 -----------------------------------------------------------------

class Client(ClientMixin):
    def __init__(self, client_id, method, secret="simple-secret"):
        self.client_id, self.method, self.secret = client_id, method, secret
        # Authlib's PKCE extension asks the request's client for these.
        self.token_endpoint_auth_method = method

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return "http://127.0.0.1/cb"

    def get_allowed_scope(self, scope):
        return " ".join(s for s in (scope or "").split() if s in ("read", "write", "offline"))

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri.startswith(("http://127.0.0.1", "http://localhost", "https://rp.example.test/"))

    def check_client_secret(self, secret):
        return secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.method

    def check_response_type(self, response_type):
        return response_type in ("code", "token")

    def check_grant_type(self, grant_type):
        return True


class Token(dict, TokenMixin):
    def check_client(self, client):
        return self["client_id"] == client.get_client_id()

    def get_client(self):
        return clients[self["client_id"]]

    def get_user(self):
        return self["user"]

    def get_scope(self):
        return self.get("scope", "")

    def get_expires_in(self):
        return self["expires_in"]

    def is_expired(self):
        return self["at"] + self["expires_in"] < time.time()

    def is_revoked(self):
        return self.get("revoked", False)


class Code(dict):
    def get_redirect_uri(self):
        return self["redirect_uri"]

    def get_scope(self):
        return self["scope"]

    @property
    def code_challenge(self):
        return self["code_challenge"]

    @property
    def code_challenge_method(self):
        return self["code_challenge_method"]


ODD_ID, ODD_SECRET = "odd client:+%", "%41 &+:=/é"  # what Basic has to encode (RFC 6749, 2.3.1)
clients = {
    "basic": Client("basic", "client_secret_basic"),
    ODD_ID: Client(ODD_ID, "client_secret_basic", ODD_SECRET),
    "post": Client("post", "client_secret_post"),
    "public": Client("public", "none"),
    "short-basic": Client("short-basic", "client_secret_basic"),
    "short-post": Client("short-post", "client_secret_post"),
    "short-public": Client("short-public", "none"),
}
codes, tokens, devices, polled = {}, [], {}, {}


def lifetime(client, grant_type):
    return SHORT if client.get_client_id().startswith("short-") else 600


def save_token(token, req):
    # A family is all that came of one login: the first token, and what its refresh token was exchanged for.
    source = getattr(req, "refresh_token", None)
    family = source["family"] if source else object()
    tokens.append(Token(token, client_id=req.client.get_client_id(), user=req.user, at=int(time.time()), family=family))


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

    def save_authorization_code(self, code, request):
        data = request.payload.data
        codes[code] = Code(client_id=request.client.get_client_id(), redirect_uri=request.payload.redirect_uri, scope=request.payload.scope,
                           user=request.user, code_challenge=data.get("code_challenge"), code_challenge_method=data.get("code_challenge_method"))

    def query_authorization_code(self, code, client):
        found = codes.get(code)
        return found if found and found["client_id"] == client.get_client_id() else None

    def delete_authorization_code(self, authorization_code):
        for code in [c for c, v in codes.items() if v is authorization_code]:
            del codes[code]

    def authenticate_user(self, authorization_code):
        return authorization_code["user"]


class ClientCredentials(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]  # by default only the first


class Password(grants.ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

    def authenticate_user(self, username, password):
        return username if password == f"{username}-password" else None


class Refresh(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        found = next((t for t in tokens if t.get("refresh_token") == refresh_token), None)
        if found and found.get("spent"):
            for token in tokens:
                if token["family"] is found["family"]:
                    token["revoked"] = True
        return found if found and not found.is_revoked() else None

    def authenticate_user(self, refresh_token):
        return refresh_token["user"]

    def revoke_old_credential(self, refresh_token):
        refresh_token["spent"] = True  # the access token that came with it lives on


class Devices(DeviceAuthorizationEndpoint):
    INTERVAL = 1

    def get_verification_uri(self):
        return f"http://127.0.0.1:{PORT}/oauth/activate"

    def save_device_credential(self, client_id, scope, data):
        # expires_at: the mixin counts it from the data it is given
        devices[data["device_code"]] = DeviceCredentialDict(client_id=client_id, scope=scope, expires_at=time.time() + data["expires_in"], **data)


answers = {}


class Device(DeviceCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

    def create_token_response(self):
        response = super().create_token_response()
        devices.pop(self.request.form["device_code"], None)  # it serves once
        return response

    def query_device_credential(self, device_code):
        return devices.get(device_code)

    def query_user_grant(self, user_code):
        return answers.get(user_code)

    def should_slow_down(self, credential):
        last = polled.get(credential["device_code"], 0)
        polled[credential["device_code"]] = time.time()
        return time.time() - last < 0.9


def find(token, hint=None):
    return next((t for t in tokens if token in (t["access_token"], t.get("refresh_token"))), None)


class Introspect(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def check_permission(self, token, client, request):
        return True

    def query_token(self, token, token_type_hint):
        return find(token)

    def introspect_token(self, token):
        if token.is_revoked() or token.is_expired():
            return {"active": False}
        return {"active": True, "client_id": token["client_id"], "username": token["user"], "scope": token.get_scope(), "exp": token["at"] + token["expires_in"]}


class Revoke(RevocationEndpoint):
    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

    def query_token(self, token, token_type_hint):
        return find(token)

    def revoke_token(self, token, request):
        token["revoked"] = True


class Validator(BearerTokenValidator):
    def authenticate_token(self, token_string):
        return find(token_string)


two = flask_oauth2.AuthorizationServer(app, query_client=clients.get, save_token=save_token)
two.register_token_generator("default", BearerTokenGenerator(lambda **_: generate_token(42), lambda **_: generate_token(48), lifetime))
two.register_grant(CodeGrant, [CodeChallenge(required=True)])
two.register_grant(grants.ImplicitGrant)
two.register_grant(ClientCredentials)
for grant in (Password, Refresh, Device):
    two.register_grant(grant)
for endpoint in (Devices, Introspect, Revoke):
    two.register_endpoint(endpoint)
protect_two = flask_oauth2.ResourceProtector()
protect_two.register_token_validator(Validator())


@app.get("/oauth/authorize")
def authorize_two():
    grant = two.get_consent_grant(end_user="alice")
    return two.create_authorization_response(grant=grant, grant_user=None if request.args.get("ui") == "deny" else "alice")


@app.post("/oauth/token")
def token_two():
    with one_at_a_time:  # so that of two uses of a refresh token one is always the second
        return two.create_token_response()


@app.post("/oauth/device")
def device():
    return two.create_endpoint_response(Devices.ENDPOINT_NAME)


@app.post("/oauth/activate")
def activate():
    answers[request.form["user_code"]] = ("alice", request.form.get("action") != "deny")
    return jsonify(ok=True)


@app.post("/oauth/introspect")
def introspect():
    return two.create_endpoint_response(Introspect.ENDPOINT_NAME)


@app.post("/oauth/revoke")
def revoke():
    return two.create_endpoint_response(Revoke.ENDPOINT_NAME)


@app.route("/oauth/api", methods=["GET", "POST"])
@protect_two("read")
def api_two():
    return jsonify(user=flask_oauth2.current_token["user"], client_id=flask_oauth2.current_token["client_id"], scope=flask_oauth2.current_token["scope"], form=request.form.to_dict(flat=False))



if __name__ == "__main__":
    http = make_server("127.0.0.1", PORT, app, threaded=True)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=http.shutdown).start())
    print("ready", flush=True)
    http.serve_forever()
