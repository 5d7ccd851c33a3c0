"""Identity tokens: only what the provider has signed, for us, now, is believed."""

import base64
import hmac
import time

import orjson
import pytest
from joserfc import jwk, jwt

from shared.identity import tokens
from shared.identity.errors import Refused
from tests.fakes.web_server import FakeWeb

CLIENT, NONCE = "client", "nonce"


@pytest.fixture(scope="module")
def key():
    return jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


@pytest.fixture
def configuration(key):
    """A provider that has this key."""
    with FakeWeb() as web:
        public = {"keys": [key.as_dict(private=False)]}
        web.put("/jwks", orjson.dumps(public), "application/json")
        yield {"issuer": web.url, "jwks_uri": f"{web.url}/jwks"}


def signed(key, configuration, header=None, **values):
    now = int(time.time())
    claims = {"iss": configuration["issuer"], "aud": CLIENT, "sub": "ada", "nonce": NONCE}
    claims |= {"iat": now, "exp": now + 60, **values}
    claims = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": "RS256", "kid": "one", **(header or {})}
    return jwt.encode(header, claims, key, algorithms=[header["alg"]])


def _encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def verified(token, configuration):
    return tokens.verified(token, configuration, CLIENT, NONCE)


def test_a_good_token_gives_its_claims(key, configuration):
    assert verified(signed(key, configuration, email="a@b.c"), configuration)["email"] == "a@b.c"


@pytest.mark.parametrize(
    "values",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": [CLIENT, "another"]},
        {"azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": None},
        {"exp": 1},
    ],
    ids=str,
)
def test_a_token_of_another_time_place_or_person_is_refused(key, configuration, values):
    with pytest.raises(Refused):
        verified(signed(key, configuration, **values), configuration)


def test_a_token_that_somebody_else_has_signed_is_refused(configuration):
    forger = jwk.RSAKey.generate_key(2048, {"kid": "one"})

    with pytest.raises(Refused):
        verified(signed(forger, configuration), configuration)


def test_a_token_signed_with_a_public_key_as_a_secret_is_refused(key, configuration):
    # By hand: the library refuses to make such a token.
    header, claims, _ = signed(key, configuration).split(".")
    header = _encoded(b'{"alg":"HS256","kid":"one"}')
    public = key.as_pem(private=False)
    mark = hmac.digest(public, f"{header}.{claims}".encode(), "sha256")
    forged = f"{header}.{claims}.{_encoded(mark)}"

    with pytest.raises(Refused):
        verified(forged, configuration)


def test_a_token_that_nobody_has_signed_is_refused(key, configuration):
    _, claims, _ = signed(key, configuration).split(".")

    with pytest.raises(Refused):
        verified(f"eyJhbGciOiJub25lIn0.{claims}.", configuration)


@pytest.mark.parametrize("token", ["", "a.b.c", "no token", "é.é.é"])
def test_rubbish_is_refused(configuration, token):
    with pytest.raises(Refused):
        verified(token, configuration)


def test_a_key_that_is_new_is_looked_up(key):
    newer = jwk.RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    with FakeWeb() as web:
        configuration = {"issuer": web.url, "jwks_uri": f"{web.url}/jwks"}
        web.put("/jwks", orjson.dumps({"keys": [key.as_dict(private=False)]}))
        verified(signed(key, configuration), configuration)
        web.put("/jwks", orjson.dumps({"keys": [newer.as_dict(private=False)]}))

        token = signed(newer, configuration, {"kid": "two"})

        assert verified(token, configuration)["sub"] == "ada"


def test_a_shared_tenant_has_the_issuer_of_the_tenant_that_signs(key, configuration):
    shared = {**configuration, "issuer": "https://login.example/{tenantid}/v2.0"}
    good = signed(key, configuration, iss="https://login.example/t1/v2.0", tid="t1")
    other = signed(key, configuration, iss="https://login.example/t2/v2.0", tid="t1")

    assert verified(good, shared)["tid"] == "t1"
    with pytest.raises(Refused):
        verified(other, shared)
