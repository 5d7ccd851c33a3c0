"""Signing in with an identity provider: a real one, and everything that can be wrong with it."""

from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from shared import db
from shared.config.options import get_options
from shared.config.secrets import seal, unseal
from shared.identity import providers
from shared.services import accounts
from tests.fakes.web_server import FakeWeb
from tests.services.oidc_server import CLIENT_ID, CLIENT_SECRET, start_identity_provider
from tests.services.things import new_group
from tests.services.waiting import free_ports

LOGIN, CALLBACK = "/oauth/oidc/login", "/oauth/oidc/callback"


@pytest.fixture(scope="module")
def identity_provider(tmp_path_factory):
    server = start_identity_provider(tmp_path_factory.mktemp("oidc"))
    yield server
    server.process.kill()


@pytest.fixture
def offered(world, identity_provider):
    """Offer the provider, and open accounts for whoever comes from there."""
    get_options().set(
        {
            "OAUTH_CLIENT_ID": CLIENT_ID,
            "OAUTH_CLIENT_SECRET": CLIENT_SECRET,
            "OPENID_PROVIDER_URL": identity_provider.discovery,
            "OAUTH_SCOPES": "openid email profile groups",
            "OAUTH_PROVIDER_NAME": "Example",
            "ENABLE_OAUTH_SIGNUP": True,
            "OAUTH_ROLES_CLAIM": "realm_access.roles",
        }
    )
    return identity_provider


def begin(caller):
    """Begin a sign-in; gives where the browser is sent, and its cookie."""
    answer = caller.get(LOGIN)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"], cookie_of(answer, "oui-session")


def cookie_of(answer, name):
    found = SimpleCookie()
    for header in answer.headers.getlist("Set-Cookie"):
        found.load(header)
    return found[name].value if name in found else None


def come_back(caller, place, cookie, **changes):
    query = {name: values[0] for name, values in parse_qs(urlsplit(str(place)).query).items()}
    return caller.get(
        CALLBACK,
        query_string={**query, **changes},
        headers={"Cookie": f"oui-session={cookie}"} if cookie else {},
    )


def sign_in(caller, provider, person):
    url, cookie = begin(caller)
    return come_back(caller, provider.sign_in(url, person), cookie)


def changed(cookie, **values):
    """Write a cookie as somebody who had the server's key would."""
    return seal(orjson.dumps({**orjson.loads(unseal(cookie)), **values}).decode())


def user_of(answer, caller):
    token = answer.headers["Location"].partition("#token=")[2]
    return caller.with_token(token).get("/api/v1/auths/").json


# The good way


def test_whoever_signs_in_there_is_sent_to_the_page_with_a_token(admin, stranger, offered):
    answer = sign_in(stranger, offered, "bob")

    assert answer.status_code == 307
    assert answer.headers["Location"].startswith("http://localhost/auth#token=")
    found = user_of(answer, stranger)
    assert (found["email"], found["name"], found["role"]) == ("bob@example.com", "Bob", "pending")
    assert cookie_of(answer, "token") == answer.headers["Location"].partition("=")[2]
    assert cookie_of(answer, "oauth_id_token").count(".") == 2
    assert cookie_of(answer, "oui-session") == ""


def test_the_second_time_it_is_the_same_account(admin, stranger, offered):
    first = user_of(sign_in(stranger, offered, "bob"), stranger)
    second = user_of(sign_in(stranger, offered, "bob"), stranger)

    assert first["id"] == second["id"]


def test_the_first_account_of_all_is_the_admin(stranger, offered):
    assert user_of(sign_in(stranger, offered, "bob"), stranger)["role"] == "admin"


def test_the_browser_is_sent_with_pkce_a_state_and_a_nonce(stranger, offered):
    url, cookie = begin(stranger)

    sent = parse_qs(urlsplit(url).query)
    assert sent["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= set(sent)
    assert sent["redirect_uri"] == ["http://localhost/oauth/oidc/callback"]
    assert sent["state"][0] not in cookie


def test_the_page_is_told_which_providers_there_are(stranger, offered, configure):
    before = stranger.get("/api/config").json["oauth"]["providers"]
    configure(enable_oauth="false")
    after = stranger.get("/api/config").json["oauth"]["providers"]

    assert (before, after) == ({"oidc": "Example"}, {})
    assert stranger.get(LOGIN).status_code == 404


# What is wrong


@pytest.mark.parametrize(
    "values",
    [
        {"verifier": "v" * 64},
        {"nonce": "another"},
        {"state": "another"},
        {"provider": "google"},
        {"until": 1},
    ],
    ids=str,
)
def test_an_attempt_that_is_not_this_one_ends_nowhere(stranger, offered, values):
    url, cookie = begin(stranger)

    answer = come_back(stranger, offered.sign_in(url, "bob"), changed(cookie, **values))

    assert answer.status_code == 400
    assert cookie_of(answer, "token") is None
    with db.reading():
        assert not accounts.has_any()


def test_a_code_counts_once(stranger, offered):
    url, cookie = begin(stranger)
    place = offered.sign_in(url, "bob")

    first = come_back(stranger, place, cookie)
    second = come_back(stranger, place, cookie)

    assert (first.status_code, second.status_code) == (307, 400)


def test_who_has_not_begun_a_sign_in_cannot_end_one(stranger, offered):
    url, cookie = begin(stranger)
    place = offered.sign_in(url, "bob")
    by_hand = '{"provider":"oidc","state":"s","nonce":"n","verifier":"v","until":9999999999}'

    answers = [
        come_back(stranger, place, None),
        come_back(stranger, place, "rubbish"),
        come_back(stranger, place, by_hand, state="s"),
        come_back(stranger, place, cookie, state="wrong"),
        come_back(stranger, place, cookie, code=""),
        come_back(stranger, place, cookie, code="forged"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 6


def test_a_provider_that_says_no_is_a_refusal(stranger, offered):
    _, cookie = begin(stranger)

    answer = stranger.get(
        f"{CALLBACK}?error=access_denied&state=x", headers={"Cookie": f"oui-session={cookie}"}
    )

    assert answer.status_code == 400


def test_a_wrong_client_secret_is_a_refusal(stranger, offered):
    get_options().set({"OAUTH_CLIENT_SECRET": "wrong"})

    assert sign_in(stranger, offered, "bob").status_code == 400


def test_too_many_failures_from_one_place_are_too_many(stranger, offered, configure):
    configure(signin_max_failures=2)
    answers = [stranger.get(f"{CALLBACK}?code=x&state=y").status_code for _ in range(3)]

    assert answers == [400, 400, 429]
    assert stranger.get(LOGIN).status_code == 429


@pytest.mark.parametrize("name", ["google", "nothing", "github"])
def test_a_provider_that_nobody_has_set_up_is_not_there(stranger, offered, name):
    assert stranger.get(f"/oauth/{name}/login").status_code == 404
    assert stranger.get(f"/oauth/{name}/callback").status_code == 404


def test_a_provider_that_is_away_is_told_so(stranger, offered):
    nowhere = f"http://127.0.0.1:{free_ports(1)}/"
    get_options().set({"OPENID_PROVIDER_URL": nowhere})

    assert stranger.get(LOGIN).status_code == 503


# Who may come


def test_no_account_is_opened_where_that_is_off(admin, stranger, offered):
    get_options().set({"ENABLE_OAUTH_SIGNUP": False})

    assert sign_in(stranger, offered, "bob").status_code == 403


def test_an_address_that_nobody_has_verified_opens_no_account(admin, stranger, offered):
    assert sign_in(stranger, offered, "eve").status_code == 400


def test_somebody_without_an_address_stays_out(admin, stranger, offered):
    assert sign_in(stranger, offered, "mute").status_code == 400


def test_addresses_of_other_domains_stay_out(admin, stranger, offered):
    get_options().set({"OAUTH_ALLOWED_DOMAINS": ["Example.com"]})

    assert sign_in(stranger, offered, "bob").status_code == 307
    assert sign_in(stranger, offered, "zoe").status_code == 403


def with_address(admin, member, email):
    body = {"name": "M", "email": email, "profile_image_url": "/user.png"}
    assert admin.post(f"/api/v1/users/{member.id}/update", body).status_code == 200


def test_an_account_with_the_same_address_is_another_unless_accounts_are_merged(
    admin, member, stranger, offered
):
    with_address(admin, member, "bob@example.com")

    before = sign_in(stranger, offered, "bob")
    get_options().set({"OAUTH_MERGE_ACCOUNTS_BY_EMAIL": True})
    after = sign_in(stranger, offered, "bob")

    assert before.status_code == 400
    assert user_of(after, stranger)["id"] == member.id


def test_an_unverified_address_opens_nobodys_account(admin, member, stranger, offered):
    with_address(admin, member, "eve@example.com")
    get_options().set({"OAUTH_MERGE_ACCOUNTS_BY_EMAIL": True})

    assert sign_in(stranger, offered, "eve").status_code == 400


# Roles and groups


def test_the_provider_decides_the_role_at_each_sign_in(admin, stranger, offered):
    get_options().set({"ENABLE_OAUTH_ROLE_MANAGEMENT": True})
    roles = [
        user_of(sign_in(stranger, offered, name), stranger)["role"]
        for name in ("ada", "bob", "zoe")
    ]
    get_options().set({"OAUTH_ADMIN_ROLES": ["user"]})

    promoted = user_of(sign_in(stranger, offered, "bob"), stranger)

    assert roles == ["admin", "user", "pending"]
    assert promoted["role"] == "admin"


def test_the_first_admin_keeps_the_role_whatever_the_provider_says(stranger, offered):
    sign_in(stranger, offered, "zoe")
    get_options().set({"ENABLE_OAUTH_ROLE_MANAGEMENT": True})

    assert user_of(sign_in(stranger, offered, "zoe"), stranger)["role"] == "admin"


def test_the_provider_decides_the_groups_at_each_sign_in(admin, stranger, offered):
    other = new_group()
    get_options().set({"ENABLE_OAUTH_GROUP_MANAGEMENT": True})
    physics = admin.post("/api/v1/groups/create", {"name": "Physics", "description": ""}).json["id"]
    user_id = user_of(sign_in(stranger, offered, "ada"), stranger)["id"]
    admin.post(f"/api/v1/groups/id/{other}/users/add", {"user_ids": [user_id]})

    sign_in(stranger, offered, "ada")

    found = admin.get("/api/v1/users/search?query=ada@example").json["users"][0]
    assert found["group_ids"] == [physics]


# Signing out


def test_who_came_by_a_provider_is_sent_there_to_sign_out(admin, stranger, offered):
    answer = sign_in(stranger, offered, "bob")
    token, id_token = cookie_of(answer, "token"), cookie_of(answer, "oauth_id_token")
    cookies = {"Cookie": f"token={token}; oauth_id_token={id_token}"}

    gone = stranger.get("/api/v1/auths/signout", headers=cookies)

    farewell = f"{offered.issuer}/session/end?id_token_hint={id_token}"
    assert (gone.status_code, gone.headers["Location"]) == (307, farewell)
    assert stranger.with_token(token).get("/api/v1/auths/").status_code == 401


# GitHub, which speaks OAuth only: a server of ours stands in its place


@pytest.fixture
def github(world, monkeypatch):
    """Offer GitHub, and open accounts for whoever comes from there."""
    options = {"GITHUB_CLIENT_ID": "id", "GITHUB_CLIENT_SECRET": "s", "ENABLE_OAUTH_SIGNUP": True}
    get_options().set(options)
    with FakeWeb() as web:
        monkeypatch.setattr(providers, "_GITHUB_URL", web.url)
        monkeypatch.setattr(providers, "_GITHUB_API_URL", web.url)
        token = orjson.dumps({"access_token": "t", "token_type": "bearer", "scope": "user:email"})
        web.put("/login/oauth/access_token", token, "application/json")
        web.put("/user", orjson.dumps({"id": 7, "login": "octo", "name": None}), "application/json")
        has_emails(web, verified=True)
        yield web


def has_emails(web, verified):
    emails = [
        {"email": "old@example.com", "primary": False, "verified": True},
        {"email": "octo@example.com", "primary": True, "verified": verified},
    ]
    web.put("/user/emails", orjson.dumps(emails), "application/json")


def sign_in_with_github(caller):
    begun = caller.get("/oauth/github/login")
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    cookie = cookie_of(begun, "oui-session")
    return caller.get(
        f"/oauth/github/callback?code=c&state={state}", headers={"Cookie": f"oui-session={cookie}"}
    )


def test_somebody_from_github_has_the_primary_address(admin, stranger, github):
    answer = sign_in_with_github(stranger)

    found = user_of(answer, stranger)
    assert (found["email"], found["name"]) == ("octo@example.com", "octo")
    sent = next(body for _, path, _, body in github.asked if path == "/login/oauth/access_token")
    assert {"code", "code_verifier", "client_secret"} <= set(parse_qs(sent.decode()))
    assert cookie_of(answer, "oauth_id_token") is None


def test_an_address_that_github_has_not_verified_is_refused(admin, stranger, github):
    has_emails(github, verified=False)

    assert sign_in_with_github(stranger).status_code == 400


def test_rubbish_from_a_provider_is_no_error_of_ours(admin, stranger, github):
    github.put("/login/oauth/access_token", "<html>", "text/html")

    assert sign_in_with_github(stranger).status_code == 503
