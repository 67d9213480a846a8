"""python rows.py WORLD: the rows that requests_oauth2client has, as JSON {row: nanoseconds}. WORLD is a file that the bench
has written. It verifies no signed authorization responses (JARM)."""

import json
import statistics
import sys
import time

import requests
from binapy import BinaPy
from jwskate import Jwk
from requests_oauth2client import AuthorizationPending, DPoPKey, OAuth2Client, PrivateKeyJwt

with open(sys.argv[1], encoding="utf-8") as file:
    world = json.load(file)
api = world["api"]
key = Jwk(world["jwk"])


def discovered(server):
    return OAuth2Client.from_discovery_endpoint(
        issuer=server,
        auth=("svc", "secret"),
        redirect_uri="https://app.example/callback",
        testing=True,
    )


client = discovered(world["issuer"])
pending = discovered(world["pending_issuer"])
session = requests.Session()
dpop_key = DPoPKey(private_key=key, alg="ES256")
bound = client.client_credentials(scope="read", dpop=True, dpop_key=dpop_key)
bearer = client.client_credentials(scope="read")
by_key = PrivateKeyJwt("svc", key, alg="ES256", aud=world["issuer"])


def dpop_proof():
    ath = BinaPy(bound.access_token).to("sha256").to("b64u").decode()
    return str(dpop_key.proof(htm="GET", htu=api, ath=ath))


def called(token):
    answer = session.get(api, auth=token)
    answer.raise_for_status()
    return answer.json()


def request():
    return client.authorization_request(scope="openid email")


def device_poll():
    try:
        pending.device_code("a-code")
    except AuthorizationPending:
        return
    raise AssertionError("nobody has confirmed")


rows = {
    "dpop_proof": dpop_proof,
    "dpop_call": lambda: called(bound),
    "bearer_call": lambda: called(bearer),
    "client_assertion": lambda: by_key.client_assertion(world["issuer"]),
    "client_credentials": lambda: client.client_credentials(scope="read"),
    "token_exchange": lambda: client.token_exchange(
        subject_token=world["subject_token"],
        subject_token_type="urn:ietf:params:oauth:token-type:access_token",
    ),
    "authorization_url": lambda: request().uri,
    "par": lambda: client.pushed_authorization_request(request()).uri,
    "jar": lambda: request().sign(key, "ES256").uri,
    "device_poll": device_poll,
}


def timed(work):
    """The median of rounds, in nanoseconds a call."""
    calls, warm = 0, time.perf_counter()
    while calls == 0 or time.perf_counter() - warm < world["warm_ms"] / 1000:
        work()
        calls += 1
    each = (time.perf_counter() - warm) / calls
    count = max(1, round(world["round_ms"] / 1000 / each))
    rounds = []
    for _ in range(world["rounds"]):
        start = time.perf_counter()
        for _ in range(count):
            work()
        rounds.append((time.perf_counter() - start) * 1e9 / count)
    return statistics.median(rounds)


print(json.dumps({row: timed(work) for row, work in rows.items()}))
