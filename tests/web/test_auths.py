"""Accounts: sign-up, sign-in, sign-out, profile, password, API key."""

import time

import bcrypt
import pytest
from sqlalchemy import select

from shared import db
from shared.config.options import get_options, option
from shared.models.user import Credential, User
from shared.services import accounts
from shared.services.passwords import hash_password
from tests.services.caller import new_token
from tests.services.crowd import at_once
from tests.services.things import new_user
from web import auth
from web.app import create_app

PASSWORD = "Secret-pw-1!"
WHO = "/api/v1/auths/"


@pytest.fixture(scope="module")
def hashed():
    return hash_password(PASSWORD)


def form(number=1, **more):
    address = f"ada{number}@example.com"
    return {"name": "Ada", "email": address, "password": PASSWORD, **more}


def sign_up(caller, number=1, **more):
    return caller.post("/api/v1/auths/signup", form(number, **more))


def sign_in(caller, email, password=PASSWORD, **options):
    body = {"email": email, "password": password}
    return caller.post("/api/v1/auths/signin", body, **options)


def rows(table):
    with db.reading() as session:
        return session.scalars(select(table)).all()


@pytest.fixture
def open_door(stranger):
    """Sign-up stays open although there is an admin."""
    new_user("admin")
    get_options().set({"ENABLE_SIGNUP": True})


# Sign-up


def test_the_first_account_is_the_admin_and_closes_the_sign_up(each_database, stranger):
    first, second = sign_up(stranger, 1), sign_up(stranger, 2)

    assert (first.status_code, first.json["role"]) == (200, "admin")
    assert (second.status_code, list(second.json)) == (403, ["detail"])
    assert option("ENABLE_SIGNUP") is False


def test_of_many_first_sign_ups_at_once_exactly_one_becomes_admin(each_database, stranger):
    answers = at_once(6, lambda number: sign_up(stranger, number))

    good = [answer.json["role"] for answer in answers if answer.status_code == 200]
    assert good == ["admin"]
    assert [user.role for user in rows(User)] == ["admin"]


def test_later_accounts_wait_for_an_admin(open_door, stranger):
    account = sign_up(stranger).json

    assert account["role"] == "pending"
    assert stranger.with_token(account["token"]).get(WHO).status_code == 200
    assert stranger.with_token(account["token"]).get("/api/models").status_code == 401


def test_an_admin_chooses_the_role_of_newcomers(open_door, stranger):
    get_options().set({"DEFAULT_USER_ROLE": "user"})

    assert sign_up(stranger).json["role"] == "user"


def test_an_account_comes_with_a_token_and_a_cookie_that_scripts_cannot_read(stranger):
    answer = sign_up(stranger)

    account, cookie = answer.json, answer.headers["Set-Cookie"]
    shown = {"token", "token_type", "id", "email", "name", "role", "profile_image_url"}
    assert set(account) == shown | {"expires_at", "permissions"}
    assert (account["token_type"], account["profile_image_url"]) == ("Bearer", "/user.png")
    assert account["expires_at"] > time.time()
    assert account["permissions"]["chat"]["delete"] is True
    assert cookie.startswith(f"token={account['token']};")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_a_cookie_for_https_says_so(stranger, configure):
    configure(webui_auth_cookie_secure="true", webui_auth_cookie_same_site="strict")

    cookie = sign_up(stranger).headers["Set-Cookie"]

    assert {"Secure", "SameSite=Strict"} <= set(cookie.split("; "))


def test_an_address_is_taken_in_any_case(each_database, open_door, stranger):
    sign_up(stranger, email="ada@example.com")

    answer = sign_up(stranger, email=" ADA@Example.com ")

    assert answer.status_code == 400
    assert "already" in answer.json["detail"]


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.com", "a b@example.com", "a@b"])
def test_what_is_no_address_is_refused(stranger, email):
    assert sign_up(stranger, email=email).status_code == 400


@pytest.mark.parametrize("password", ["", "x" * 1025])
def test_a_password_has_a_length(stranger, password):
    answer = sign_up(stranger, password=password)

    assert (answer.status_code, rows(User)) == (400, [])


def test_a_password_longer_than_72_bytes_counts_to_its_end(stranger):
    sign_up(stranger, password="é" * 100 + "1")

    answers = [sign_in(stranger, form()["email"], "é" * 100 + end) for end in "12"]

    assert [answer.status_code for answer in answers] == [200, 400]


@pytest.mark.parametrize("missing", ["name", "email", "password"])
def test_a_form_without_a_part_is_answered_with_what_is_missing(stranger, missing):
    body = {key: value for key, value in form().items() if key != missing}

    answer = stranger.post("/api/v1/auths/signup", body)

    assert answer.status_code == 422
    (problem,) = answer.json["detail"]
    assert (problem["type"], problem["loc"]) == ("missing", ["body", missing])
    assert {"msg", "input"} <= set(problem)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe"])
def test_garbage_is_no_sign_up(stranger, body):
    assert stranger.post("/api/v1/auths/signup", body).status_code == 422


def test_passwords_are_stored_as_argon2_hashes(stranger):
    sign_up(stranger)

    (stored,) = rows(Credential)
    assert stored.password.startswith("$argon2id$")
    assert PASSWORD not in stored.password


# Sign-in


def test_a_password_that_was_moved_in_counts_and_gets_a_newer_hash(stranger):
    moved = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    user = new_user(password_hash=moved)

    first = sign_in(stranger, user.email)
    again = sign_in(stranger, user.email)
    wrong = sign_in(stranger, user.email, "another")

    assert (first.status_code, again.status_code, wrong.status_code) == (200, 200, 400)
    with db.reading():
        assert accounts.password_hash_of(user.id).startswith("$argon2id$")


def test_sign_in_gives_a_token_for_the_right_password(each_database, stranger, hashed):
    user = new_user(password_hash=hashed)

    answer = sign_in(stranger, user.email.upper())

    assert (answer.status_code, answer.json["id"]) == (200, user.id)
    assert stranger.with_token(answer.json["token"]).get(WHO).json["email"] == user.email


def test_wrong_password_and_unknown_address_are_not_told_apart(stranger, hashed):
    user = new_user(password_hash=hashed)

    wrong, unknown = sign_in(stranger, user.email, "x"), sign_in(stranger, "nobody@example.com")

    assert (wrong.status_code, unknown.status_code) == (400, 400)
    assert wrong.json == unknown.json


def test_an_account_without_a_password_cannot_be_signed_in_to(stranger):
    assert sign_in(stranger, new_user(password_hash="").email, "").status_code == 400


# Sign-out


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sign_out_voids_all_tokens_of_the_sign_in(each_database, member, method):
    fresh = member.with_token(member.get(WHO).json["token"])

    answer = fresh.send(method, "/api/v1/auths/signout")

    assert (answer.status_code, answer.json) == (200, {"status": True})
    assert answer.headers["Set-Cookie"].startswith("token=;")
    assert [caller.get(WHO).status_code for caller in (member, fresh)] == [401, 401]


def test_sign_out_is_remembered_by_a_new_process(member):
    member.get("/api/v1/auths/signout")
    engine = db._engine

    restarted = create_app()
    db._engine = engine
    auth._memory.__init__()

    client = restarted.test_client(use_cookies=False)
    answer = client.get(WHO, headers={"Authorization": f"Bearer {member.token}"})
    assert answer.status_code == 401


def test_sign_out_leaves_other_sign_ins_alone(member):
    elsewhere = member.with_token(new_token(member.app, member.user))

    member.post("/api/v1/auths/signout")

    assert elsewhere.get(WHO).status_code == 200


def test_sign_out_without_a_sign_in_is_fine(stranger):
    assert stranger.get("/api/v1/auths/signout").status_code == 200


# Profile and password


def test_the_profile_can_be_changed(each_database, member):
    body = {"name": "Grace", "profile_image_url": "data:image/png;base64,xx"}

    answer = member.post("/api/v1/auths/update/profile", body)

    assert answer.status_code == 200
    assert set(answer.json) == {"id", "email", "name", "role", "profile_image_url"}
    assert member.get(WHO).json["name"] == "Grace"
    assert member.get(WHO).json["profile_image_url"] == "data:image/png;base64,xx"


@pytest.mark.parametrize("body", [{}, {"name": "Grace"}, {"name": "", "profile_image_url": ""}])
def test_a_profile_needs_its_parts(member, body):
    assert member.post("/api/v1/auths/update/profile", body).status_code == 422


def change_password(caller, old, new="Another-pw-2!"):
    body = {"password": old, "new_password": new}
    return caller.post("/api/v1/auths/update/password", body)


@pytest.fixture
def with_password(stranger, hashed):
    user = new_user(password_hash=hashed)
    return stranger.with_token(sign_in(stranger, user.email).json["token"]), user


def test_a_new_password_ends_all_other_sign_ins(each_database, with_password, stranger):
    caller, user = with_password
    elsewhere = stranger.with_token(sign_in(stranger, user.email).json["token"])

    answer = change_password(caller, PASSWORD)

    assert (answer.status_code, answer.json) == (200, True)
    assert (caller.get(WHO).status_code, elsewhere.get(WHO).status_code) == (200, 401)
    assert sign_in(stranger, user.email).status_code == 400
    assert sign_in(stranger, user.email, "Another-pw-2!").status_code == 200


def test_the_old_password_must_be_right(with_password, stranger):
    caller, user = with_password

    answer = change_password(caller, "wrong")

    assert (answer.status_code, list(answer.json)) == (400, ["detail"])
    assert sign_in(stranger, user.email).status_code == 200


def test_a_new_password_must_not_be_empty(with_password):
    caller, _ = with_password

    assert change_password(caller, PASSWORD, "").status_code == 400
    assert change_password(caller, PASSWORD).status_code == 200


# Accounts for others


def test_an_admin_opens_accounts_for_others(each_database, admin, stranger):
    answer = admin.post("/api/v1/auths/add", form(role="user"))

    account = answer.json
    assert (answer.status_code, account["role"]) == (200, "user")
    assert stranger.with_token(account["token"]).get("/api/v1/chats/").status_code == 200
    assert sign_in(stranger, account["email"]).status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_an_account_opened_without_a_role_waits(admin):
    assert admin.post("/api/v1/auths/add", form()).json["role"] == "pending"


@pytest.mark.parametrize("body", [form(role="emperor"), form(email="no address")])
def test_an_account_that_cannot_be_is_not_opened(admin, body):
    assert admin.post("/api/v1/auths/add", body).status_code == 400


def test_of_the_same_address_at_once_one_account_is_opened(each_database, admin):
    answers = at_once(4, lambda _: admin.post("/api/v1/auths/add", form()))

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]


def test_only_admins_open_accounts_for_others(member):
    assert member.post("/api/v1/auths/add", form()).status_code == 401


# What admins decide


def test_whoever_waits_is_told_whom_to_write_to(new_caller, admin):
    waiting = new_caller("pending")

    assert waiting.get("/api/v1/auths/admin/details").json == {
        "name": admin.user.name,
        "email": admin.user.email,
    }


def test_another_address_than_the_admins_may_be_told(new_caller, admin):
    get_options().set({"ADMIN_EMAIL": "help@example.com"})

    answer = new_caller("pending").get("/api/v1/auths/admin/details")

    assert answer.json["email"] == "help@example.com"


def test_nobody_is_told_whom_to_write_to_where_that_is_off(new_caller):
    get_options().set({"SHOW_ADMIN_DETAILS": False})

    assert new_caller("pending").get("/api/v1/auths/admin/details").status_code == 400


CONFIG = "/api/v1/auths/admin/config"


def test_the_handling_of_accounts_can_be_changed(each_database, admin):
    values = admin.get(CONFIG).json
    assert (values["ENABLE_SIGNUP"], values["JWT_EXPIRES_IN"]) == (True, "4w")

    changes = {"ENABLE_SIGNUP": False, "DEFAULT_USER_ROLE": "user", "JWT_EXPIRES_IN": "12h"}
    answer = admin.post(CONFIG, {**values, **changes})

    assert answer.status_code == 200
    assert admin.get(CONFIG).json == answer.json == {**values, **changes}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEFAULT_USER_ROLE", "emperor"),
        ("JWT_EXPIRES_IN", "soon"),
        ("JWT_EXPIRES_IN", "4 weeks"),
        ("JWT_EXPIRES_IN", ""),
    ],
)
def test_a_role_or_lifetime_that_does_not_exist_changes_nothing(admin, name, value):
    values = admin.get(CONFIG).json

    answer = admin.post(CONFIG, {**values, name: value})

    assert (answer.status_code, answer.json) == (200, values)


def test_the_handling_of_accounts_is_the_admins_business(member):
    assert member.get(CONFIG).status_code == 401
    assert member.post(CONFIG, {}).status_code == 401
