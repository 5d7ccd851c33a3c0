"""Ways in without a password of ours: a directory, a proxy's word, or nobody asked."""

import pytest

from shared.config.options import get_options
from shared.identity import ldap as adapter
from tests.services.ldap import APP_DN, APP_PASSWORD, BASE, start_directory
from tests.services.waiting import free_ports

LDAP = "/api/v1/auths/ldap"
SIGN_IN = "/api/v1/auths/signin"
NOBODY = {"email": "", "password": ""}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    server = start_directory(tmp_path_factory.mktemp("ldap"))
    yield server
    server.process.kill()


@pytest.fixture
def listed(world, directory):
    """Ask the directory, over TLS."""
    options = {
        "ENABLE_LDAP": True,
        "LDAP_SERVER_HOST": directory.host,
        "LDAP_SERVER_PORT": directory.tls_port,
        "LDAP_CA_CERT_FILE": str(directory.authority),
        "LDAP_APP_DN": APP_DN,
        "LDAP_APP_PASSWORD": APP_PASSWORD,
        "LDAP_SEARCH_BASE": BASE,
        "LDAP_SEARCH_FILTERS": "",
    }
    get_options().set(options)
    return directory


def sign_in(caller, user="ada", password="ada-password"):
    return caller.post(LDAP, {"user": user, "password": password})


def test_somebody_of_the_directory_gets_an_account_with_the_default_role(admin, stranger, listed):
    first, second = sign_in(stranger), sign_in(stranger)

    assert (first.status_code, first.json["email"]) == (200, "ada@example.com")
    assert (first.json["name"], first.json["role"]) == ("Ada Lovelace", "pending")
    assert second.json["id"] == first.json["id"]
    assert "token=" in first.headers["Set-Cookie"]
    assert "HttpOnly" in first.headers["Set-Cookie"]


def test_the_first_account_of_all_is_the_admin_and_closes_the_sign_up(stranger, listed):
    assert sign_in(stranger).json["role"] == "admin"
    form = {"name": "Eve", "email": "eve@example.com", "password": "Secret-pw-1!"}
    assert stranger.post("/api/v1/auths/signup", form).status_code == 403


def test_an_account_with_that_address_is_entered(admin, member, stranger, listed):
    body = {"name": "A", "email": "ada@example.com", "profile_image_url": "/user.png"}
    admin.post(f"/api/v1/users/{member.id}/update", body)

    assert sign_in(stranger).json["id"] == member.id


def test_its_password_is_not_ours(admin, stranger, listed):
    sign_in(stranger)

    for password in ("ada-password", ""):
        body = {"email": "ada@example.com", "password": password}
        assert stranger.post(SIGN_IN, body).status_code == 400


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("ada", "eve-password"),
        ("ada", ""),
        ("", "ada-password"),
        ("nobody", "ada-password"),
        ("nomail", "nomail-password"),
        ("*", "ada-password"),
        ("a*", "ada-password"),
        ("ada)(uid=ada", "ada-password"),
        ("ada)(|(uid=*", "ada-password"),
        ("x" * 300, "ada-password"),
        ("ada\x00", "ada-password"),
    ],
)
def test_nobody_else_gets_in(stranger, listed, user, password):
    answer = sign_in(stranger, user, password)

    assert (answer.status_code, answer.json) == (400, {"detail": "LDAP authentication failed."})


def test_who_does_not_fit_the_filter_stays_out(stranger, listed):
    get_options().set({"LDAP_SEARCH_FILTERS": "(employeeType=staff)"})

    assert sign_in(stranger, "eve", "eve-password").status_code == 400
    assert sign_in(stranger).status_code == 200


def test_an_unknown_authority_is_not_trusted(stranger, listed):
    get_options().set({"LDAP_CA_CERT_FILE": ""})

    assert sign_in(stranger).status_code == 400


def test_a_certificate_for_another_name_is_not_trusted(stranger, listed):
    get_options().set({"LDAP_SERVER_HOST": "localhost"})

    assert sign_in(stranger).status_code == 400


def test_a_connection_that_begins_in_clear_is_encrypted_before_any_password(
    stranger, listed, monkeypatch
):
    get_options().set({"LDAP_SERVER_PORT": listed.port})
    monkeypatch.setattr(adapter, "_CLEAR_PORT", listed.port)
    good = sign_in(stranger).status_code
    get_options().set({"LDAP_CA_CERT_FILE": ""})

    assert (good, sign_in(stranger).status_code) == (200, 400)


def test_a_directory_that_is_away_or_refuses_this_server_is_no_error_of_ours(stranger, listed):
    get_options().set({"LDAP_APP_PASSWORD": "wrong"})
    refused = sign_in(stranger)
    get_options().set({"LDAP_APP_PASSWORD": APP_PASSWORD, "LDAP_SERVER_PORT": free_ports(1)})

    assert (refused.status_code, sign_in(stranger).status_code) == (400, 400)


def test_too_many_wrong_passwords_are_too_many(stranger, listed, configure):
    configure(signin_max_failures=2)
    answers = [sign_in(stranger, password="wrong").status_code for _ in range(3)]

    assert answers == [400, 400, 429]
    assert sign_in(stranger, "eve", "eve-password").status_code == 200


def test_a_directory_that_is_off_lets_nobody_in(stranger, listed):
    get_options().set({"ENABLE_LDAP": False})

    answer = sign_in(stranger)

    assert (answer.status_code, answer.json["detail"]) == (
        400,
        "LDAP authentication is not enabled",
    )


# A proxy's word


@pytest.fixture
def proxied(configure):
    configure(webui_auth_trusted_email_header="X-Email", webui_auth_trusted_name_header="X-Name")


def test_whom_the_proxy_names_is_signed_in_with_a_new_account(admin, stranger, proxied):
    headers = {"X-Email": "Grace@Example.com", "X-Name": "Grace"}

    first = stranger.post(SIGN_IN, NOBODY, headers=headers)
    second = stranger.post(SIGN_IN, NOBODY, headers=headers)

    assert (first.json["email"], first.json["name"]) == ("grace@example.com", "Grace")
    assert second.json["id"] == first.json["id"]
    assert stranger.get("/api/config").json["features"]["auth_trusted_header"] is True


def test_behind_such_a_proxy_no_other_way_leads_in(member, stranger, proxied):
    form = {"name": "Eve", "email": "eve@example.com", "password": "Secret-pw-1!"}
    body = {"password": "a", "new_password": "b"}

    assert stranger.post(SIGN_IN, form).status_code == 400
    assert stranger.post("/api/v1/auths/signup", form).status_code == 403
    assert member.post("/api/v1/auths/update/password", body).status_code == 400


def test_what_is_no_address_is_no_account(stranger, proxied):
    assert stranger.post(SIGN_IN, NOBODY, headers={"X-Email": "no address"}).status_code == 400


def test_without_such_a_proxy_its_header_means_nothing(member, stranger):
    answer = stranger.post(SIGN_IN, NOBODY, headers={"X-Email": member.user.email})

    assert answer.status_code == 400


# Nobody asked


def test_with_sign_in_off_whoever_comes_is_the_only_account(each_database, stranger, configure):
    configure(webui_auth="false")

    first, second = stranger.post(SIGN_IN, NOBODY), stranger.post(SIGN_IN, NOBODY)

    assert (first.json["email"], first.json["role"]) == ("admin@localhost", "admin")
    assert second.json["id"] == first.json["id"]
    features = stranger.get("/api/config").json["features"]
    assert (features["auth"], features["enable_signup"]) == (False, False)


def test_sign_in_cannot_be_off_where_others_have_accounts(member, stranger, configure):
    configure(webui_auth="false")

    assert stranger.post(SIGN_IN, NOBODY).status_code == 400


def test_that_account_has_no_password_once_sign_in_is_on_again(stranger, configure):
    configure(webui_auth="false")
    stranger.post(SIGN_IN, NOBODY)
    configure(webui_auth="true")

    for password in ("admin", ""):
        body = {"email": "admin@localhost", "password": password}
        assert stranger.post(SIGN_IN, body).status_code == 400
