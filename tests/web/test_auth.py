"""Who is asking: tokens, cookies, API keys, roles."""

import base64
import json
import re
import time

import jwt
import pytest
from sqlalchemy import select

from shared import db
from shared.config.options import get_options
from shared.config.settings import secret_key
from shared.models.user import APIKey, UserSession
from tests.services.caller import Caller, new_token
from tests.services.crowd import at_once
from tests.services.things import new_user
from tests.services.waiting import wait_until
from web import auth

WHO = "/api/v1/auths/"


def rows(table):
    with db.reading() as session:
        return session.scalars(select(table)).all()


# Tokens


def test_a_token_counts_as_bearer_and_as_cookie(member):
    cookie = {"Authorization": "", "Cookie": f"token={member.token}"}

    assert member.get(WHO).json["id"] == member.id
    assert member.get(WHO, headers=cookie).json["id"] == member.id


def test_the_bearer_counts_before_the_cookie(member, other):
    answer = member.get(WHO, headers={"Cookie": f"token={other.token}"})

    assert answer.json["id"] == member.id


def test_another_scheme_than_bearer_is_ignored(stranger):
    answer = stranger.get(WHO, headers={"Authorization": "Basic YTpi"})

    assert (answer.status_code, answer.json) == (403, {"detail": "Not authenticated"})


def test_nobody_is_told_that_nobody_is_signed_in(stranger):
    answer = stranger.get(WHO)

    assert (answer.status_code, answer.json) == (403, {"detail": "Not authenticated"})


def test_each_look_gives_a_fresh_token_of_the_same_sign_in(each_database, member):
    answer = member.get(WHO)

    assert answer.headers["Set-Cookie"].startswith(f"token={answer.json['token']};")
    assert member.with_token(answer.json["token"]).get(WHO).status_code == 200
    assert len(rows(UserSession)) == 1


def test_a_look_lets_the_sign_in_last_longer(member):
    with db.transaction() as session:
        for row in session.scalars(select(UserSession)):
            row.expires_at = int(time.time()) + 10

    member.get(WHO)

    assert rows(UserSession)[0].expires_at > time.time() + 1000


def claims_of(member, **changes):
    claims = jwt.decode(member.token, options={"verify_signature": False})
    return {**claims, **changes}


def signed(claims, key=None, algorithm="HS256"):
    return jwt.encode(claims, secret_key() if key is None else key, algorithm)


def unsigned(claims):
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    packed = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts]
    return b".".join([*packed, b""]).decode()


def test_a_token_made_as_the_server_makes_them_is_good(member):
    assert member.with_token(signed(claims_of(member))).get(WHO).status_code == 200


# The right key is too short for HS512, and PyJWT says so.
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(
    "make",
    [
        lambda m: signed(claims_of(m, exp=int(time.time()) - 1)),
        lambda m: signed(claims_of(m), "another key, which is as long as the right one"),
        lambda m: signed(claims_of(m), algorithm="HS512"),
        lambda m: unsigned(claims_of(m)),
        lambda m: signed(claims_of(m, sid="another sign-in")),
        lambda m: signed(claims_of(m, sid=None)),
        lambda m: signed(claims_of(m, id="nobody")),
        lambda m: signed({k: v for k, v in claims_of(m).items() if k != "sid"}),
        lambda m: signed({k: v for k, v in claims_of(m).items() if k != "id"}),
        lambda m: m.token[:-2],
        lambda m: m.token.rpartition(".")[0] + ".",
        lambda m: "a.b.c",
        lambda m: "é" * 50,
        lambda m: "sk-",
        lambda m: "sk-" + "0" * 32,
    ],
    ids=[
        "expired",
        "another key",
        "another algorithm",
        "algorithm none",
        "another sign-in",
        "no sign-in",
        "nobody's",
        "without a sign-in",
        "without an account",
        "cut",
        "signature cut off",
        "three letters",
        "no ASCII",
        "an empty key",
        "an unknown key",
    ],
)
def test_a_token_that_is_not_ours_lets_nobody_in(member, make):
    answer = member.with_token(make(member)).get(WHO)

    assert (answer.status_code, list(answer.json)) == (401, ["detail"])


def test_a_token_of_one_user_does_not_count_for_the_sign_in_of_another(member, other):
    forged = signed(claims_of(member, id=other.id))

    assert member.with_token(forged).get(WHO).status_code == 401


def test_a_sign_in_ends_by_itself(each_database, member):
    before = member.get("/api/v1/auths/admin/details").status_code
    with db.transaction() as session:
        session.scalars(select(UserSession)).one().expires_at = int(time.time()) - 1
    auth.forget(member.id)

    assert (before, member.get(WHO).status_code) == (200, 401)


def test_a_token_says_when_it_ends(app, world):
    get_options().set({"JWT_EXPIRES_IN": "1500ms"})

    caller = Caller(app, token=new_token(app, new_user()))

    claims = jwt.decode(caller.token, options={"verify_signature": False})
    assert 0 < claims["exp"] - time.time() <= 2


@pytest.mark.parametrize("lifetime", ["-1", "0"])
def test_tokens_may_last_until_they_are_signed_out(stranger, lifetime):
    get_options().set({"JWT_EXPIRES_IN": lifetime})
    caller = stranger.with_token(new_token(stranger.app, new_user()))

    account = caller.get(WHO).json

    assert account["expires_at"] is None
    assert "exp" not in jwt.decode(account["token"], options={"verify_signature": False})


def test_the_other_processes_hear_of_a_sign_out(member):
    elsewhere = auth._Memory()
    elsewhere.keep(member.token, auth._memory.get(member.token) or member.user)

    def is_forgotten():
        auth.relay.tell_user(member.id, "account", {})
        return elsewhere.get(member.token) is None

    assert elsewhere.get(member.token) is not None
    wait_until(is_forgotten, 5, "the message of the change")


# API keys

KEY = "/api/v1/auths/api_key"


def test_an_api_key_is_shown_once_and_stored_as_a_hash(each_database, member):
    clear = member.post(KEY).json["api_key"]

    assert re.fullmatch(r"sk-[0-9a-f]{32}", clear)
    assert member.get(KEY).json == {"api_key": f"sk-…{clear[-4:]}"}
    (stored,) = rows(APIKey)
    assert clear not in (stored.digest, stored.hint)


def test_an_api_key_opens_the_doors_of_its_owner(member):
    caller = member.with_token(member.post(KEY).json["api_key"])

    assert caller.get(WHO).json["id"] == member.id
    assert caller.get("/api/v1/chats/").status_code == 200
    assert caller.get("/openai/config").status_code == 401


def test_a_client_with_a_key_goes_on_with_it(member):
    clear = member.post(KEY).json["api_key"]

    account = member.with_token(clear).get(WHO).json

    assert (account["token"], account["expires_at"]) == (clear, None)


def test_a_new_key_replaces_the_old_one(each_database, member):
    old = member.with_token(member.post(KEY).json["api_key"])
    assert old.get(WHO).status_code == 200

    new = member.with_token(member.post(KEY).json["api_key"])

    assert (old.get(WHO).status_code, new.get(WHO).status_code) == (401, 200)
    assert len(rows(APIKey)) == 1


def test_of_many_keys_made_at_once_one_is_left(each_database, member):
    answers = at_once(4, lambda _: member.post(KEY))

    assert {answer.status_code for answer in answers} == {200}
    works = [
        member.with_token(answer.json["api_key"]).get(WHO).status_code == 200 for answer in answers
    ]
    assert works.count(True) == len(rows(APIKey)) == 1


def test_a_deleted_key_opens_nothing(each_database, member):
    caller = member.with_token(member.post(KEY).json["api_key"])
    assert caller.get(WHO).status_code == 200

    answer = member.delete(KEY)

    assert (answer.status_code, answer.json) == (200, True)
    assert caller.get(WHO).status_code == 401
    assert member.get(KEY).status_code == 404


def test_no_key_is_made_where_keys_are_off(member):
    get_options().set({"ENABLE_API_KEY": False})

    answer = member.post(KEY)

    assert (answer.status_code, list(answer.json)) == (403, ["detail"])


def test_keys_open_nothing_where_they_are_off(member):
    caller = member.with_token(member.post(KEY).json["api_key"])
    get_options().set({"ENABLE_API_KEY": False})

    assert caller.get(WHO).status_code == 403


def test_keys_that_were_used_a_moment_ago_end_when_keys_are_switched_off(member):
    caller = member.with_token(member.post(KEY).json["api_key"])
    assert caller.get(WHO).status_code == 200

    get_options().set({"ENABLE_API_KEY": False})

    assert caller.get(WHO).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/v1/chats", 200), ("/api/v1/chats/", 200), ("/api/v1/chatsx", 404), ("/api/tasks", 403)],
)
def test_keys_may_be_kept_to_some_paths(member, path, status):
    caller = member.with_token(member.post(KEY).json["api_key"])
    get_options().set(
        {
            "ENABLE_API_KEY_ENDPOINT_RESTRICTIONS": True,
            "API_KEY_ALLOWED_ENDPOINTS": "/api/models, /api/v1/chats",
        }
    )

    assert caller.get(path).status_code == status
    assert member.get("/api/tasks").status_code == 200


# Roles


@pytest.mark.parametrize(
    ("role", "statuses"),
    [("pending", [200, 401, 401]), ("user", [200, 200, 401]), ("admin", [200, 200, 200])],
)
def test_each_role_opens_its_doors(each_database, new_caller, role, statuses):
    caller = new_caller(role)

    paths = (WHO, "/api/v1/chats/", "/openai/config")

    assert [caller.get(path).status_code for path in paths] == statuses
