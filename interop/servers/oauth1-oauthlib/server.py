"""An OAuth 1.0 provider on oauthlib and Flask, in memory.

    python server.py PORT STATE_DIR

Signature methods: HMAC-SHA1, HMAC-SHA256, HMAC-SHA512, RSA-SHA1, RSA-SHA256, RSA-SHA512, PLAINTEXT.

    POST /initiate     temporary credentials
    GET  /authorize    alice agrees at once; with ui=deny she refuses; with the callback "oob" the page shows the verifier
    POST /token        token credentials
    any  /echo         signed with token credentials: echoes the request
    any  /photos       the same, with a token that was asked for in the realm "photos"
    any  /two-legged   signed by the client alone
    GET  /elsewhere    signed with token credentials: a redirect to what the parameter "to" says
"""
import os
import signal
import sys
import threading
from urllib.parse import urlencode

from flask import Flask, Response, redirect, request
from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint, WebApplicationServer
from oauthlib.oauth1.rfc5849 import errors
from werkzeug.serving import make_server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from oauth1_common import echo, elsewhere, has_right_body_hash, public_key_of_the_client, sent  # noqa: E402

PORT, STATE = int(sys.argv[1]), sys.argv[2]
RESERVED = " &+%/=~é"  # ends the token secrets of the client "client": what has to be escaped in a key


class Validator(RequestValidator):
    """Answers oauthlib's questions from a few dictionaries."""

    # What a client has to escape correctly, and what nobody can get wrong.
    clients = {"client": "s3cret &+%/=", "plain": "simple-secret"}
    temporary, access, used = {}, {}, set()
    lock = threading.Lock()
    rsa_key = public_key_of_the_client(STATE).decode()
    enforce_ssl = False
    allowed_signature_methods = ("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT")
    client_key_length = (3, 50)
    request_token_length = access_token_length = nonce_length = verifier_length = (4, 64)
    # oauthlib limits these to letters and digits; clients are freer than that.
    safe_characters = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
    timestamp_lifetime = 600
    realms = ["photos"]
    dummy_client, dummy_request_token, dummy_access_token = "dummy-client", "dummy-request", "dummy-access"

    def validate_client_key(self, client_key, request):
        return client_key in self.clients

    def validate_request_token(self, client_key, token, request):
        return self.temporary.get(token, {}).get("client") == client_key

    def validate_access_token(self, client_key, token, request):
        return self.access.get(token, {}).get("client") == client_key

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, request_token=None, access_token=None):
        seen = (client_key, timestamp, nonce, request_token or access_token)
        with self.lock:
            fresh = seen not in self.used
            self.used.add(seen)
        return fresh

    def validate_redirect_uri(self, client_key, redirect_uri, request):
        return redirect_uri == "oob" or redirect_uri.startswith(("http://127.0.0.1", "http://localhost"))

    def validate_requested_realms(self, client_key, realms, request):
        return all(realm in self.realms for realm in realms)

    def validate_realms(self, client_key, token, request, uri=None, realms=None):
        return set(realms or []) <= set(self.access.get(token, {}).get("realms", []))

    def validate_verifier(self, client_key, token, verifier, request):
        return self.temporary.get(token, {}).get("verifier") == verifier

    def verify_request_token(self, token, request):
        return token in self.temporary

    def verify_realms(self, token, realms, request):
        return True

    def get_client_secret(self, client_key, request):
        return self.clients.get(client_key, "dummy")

    def get_request_token_secret(self, client_key, token, request):
        return self.temporary.get(token, {}).get("secret", "dummy")

    def get_access_token_secret(self, client_key, token, request):
        return self.access.get(token, {}).get("secret", "dummy")

    def get_rsa_key(self, client_key, request):
        return self.rsa_key

    def get_default_realms(self, client_key, request):
        return []

    def get_realms(self, token, request):
        return self.temporary[token]["realms"]

    def get_redirect_uri(self, token, request):
        return self.temporary[token]["callback"]

    def invalidate_request_token(self, client_key, request_token, request):
        self.temporary.pop(request_token, None)

    def kept(self, token, request):
        if request.client_key == "client":
            token["oauth_token_secret"] += RESERVED
        return {"client": request.client_key, "secret": token["oauth_token_secret"], "realms": request.realms or []}

    def save_request_token(self, token, request):
        self.temporary[token["oauth_token"]] = {"callback": request.redirect_uri, **self.kept(token, request)}

    def save_verifier(self, token, verifier, request):
        self.temporary[token]["verifier"] = verifier["oauth_verifier"]

    def save_access_token(self, token, request):
        self.access[token["oauth_token"]] = self.kept(token, request)


validator = Validator()
server = WebApplicationServer(validator)
signature_only = SignatureOnlyEndpoint(validator)
app = Flask(__name__)


def parts():
    url, form = sent()
    return url, request.method, form, dict(request.headers)


def answer(triple):
    headers, text, status = triple
    return Response(text, status, headers)


@app.post("/initiate")
def initiate():
    return answer(server.create_request_token_response(*parts()))


@app.get("/authorize")
def authorize():
    token = request.args.get("oauth_token", "")
    known = validator.temporary.get(token)
    if known is None:
        return Response("unknown temporary credentials", 400)
    if request.args.get("ui") == "deny":
        # OAuth Problem Reporting, which oauthlib leaves to whoever uses it.
        joint = "&" if "?" in known["callback"] else "?"
        return redirect(known["callback"] + joint + urlencode({"oauth_problem": "user_refused", "oauth_token": token}))
    return answer(server.create_authorization_response(*parts(), credentials={"user": "alice"}))


@app.post("/token")
def token():
    return answer(server.create_access_token_response(*parts()))


def refused():
    return Response("oauth_problem=signature_invalid", 401, {"WWW-Authenticate": 'OAuth realm="photos"'})


def protected(realms, respond):
    try:
        valid, seen = server.validate_protected_resource_request(*parts(), realms=realms)
    except errors.OAuth1Error as error:
        return Response(error.urlencoded, error.status_code)
    return respond(seen) if valid and has_right_body_hash(seen.oauth_params) else refused()


def told(seen):
    return echo(seen.oauth_params, client=seen.client_key, realm=seen.realm)


METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


@app.route("/echo", methods=METHODS)
@app.route("/echo/<path:rest>", methods=METHODS)
def echoed(rest=""):
    return protected([], told)


@app.route("/photos", methods=METHODS)
def photos():
    return protected(["photos"], told)


@app.route("/elsewhere", methods=METHODS)
def redirected():
    return protected([], lambda seen: elsewhere())


@app.route("/two-legged", methods=METHODS)
def two_legged():
    valid, seen = signature_only.validate_request(*parts())
    return told(seen) if valid and has_right_body_hash(seen.oauth_params) else refused()


if __name__ == "__main__":
    http = make_server("127.0.0.1", PORT, app, threaded=True)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=http.shutdown).start())
    print("ready", flush=True)
    http.serve_forever()
