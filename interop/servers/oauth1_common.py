"""What both OAuth 1.0 servers have in common: the RSA keys of their clients, and what they tell of a request."""
import base64
import hashlib
import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import jsonify, redirect, request


def public_key_of_the_client(state):
    """The public half of client-rsa.pem; stranger-rsa.pem beside it is a key that no client is registered for."""
    os.makedirs(state, exist_ok=True)
    for name in ("client-rsa.pem", "stranger-rsa.pem"):
        path = os.path.join(state, name)
        if not os.path.exists(path):
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            with open(path, "wb") as file:
                file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    with open(os.path.join(state, "client-rsa.pem"), "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def sent():
    """The URL and the body as they were sent: request.url is decoded for reading, and a signature is not made for that."""
    body = request.get_data(cache=True, as_text=True)
    url = request.host_url.rstrip("/") + request.environ["RAW_URI"]
    return url, body if request.mimetype == "application/x-www-form-urlencoded" else ""


def parameters():
    """The parameters of the protocol that came in the query or the body."""
    return {name: value for given in (request.args, request.form) for name, value in given.items() if name.startswith("oauth_")}


def has_right_body_hash(protocol):
    """Whether oauth_body_hash is that of the body; neither library looks at it."""
    told = protocol.get("oauth_body_hash")
    if told is None:
        return True
    digest = hashlib.new(protocol["oauth_signature_method"].split("-")[-1].lower(), request.get_data()).digest()
    return told == base64.b64encode(digest).decode()


def echo(protocol, **more):
    """The request: what of it is the caller's, and where the parameters of the protocol stood."""
    def pairs(given):
        return [[name, value] for name, value in given.items(multi=True) if not name.startswith("oauth_")]

    places = {"header": request.headers.get("Authorization", "").lower().startswith("oauth "),
              "query": "oauth_signature" in request.args, "body": "oauth_signature" in request.form}
    return jsonify(method=request.method, path=request.path, query=pairs(request.args), form=pairs(request.form), body=request.get_data(as_text=True),
                   placements=[place for place, there in places.items() if there], protocol=protocol, **more)


def elsewhere():
    """Sends the caller to where it asked for."""
    return redirect(request.args["to"], 302)
