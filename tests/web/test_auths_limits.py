"""How often somebody may try to sign in."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.cache import get_cache
from shared.redis import get_redis
from shared.services.passwords import hash_password
from tests.services.caller import new_token
from tests.services.things import new_user

PASSWORD = "Secret-pw-1!"


@pytest.fixture(scope="module")
def hashed():
    return hash_password(PASSWORD)


def sign_in(caller, email, password=PASSWORD, **options):
    body = {"email": email, "password": password}
    return caller.post("/api/v1/auths/signin", body, **options)


@pytest.fixture
def two_failures(configure):
    configure(signin_max_failures=2, signin_window_s=60)


def test_too_many_failures_are_answered_with_when_to_come_back(two_failures, stranger, hashed):
    user = new_user(password_hash=hashed)
    for _ in range(2):
        sign_in(stranger, user.email, "wrong")

    answer = sign_in(stranger, user.email)

    assert (answer.status_code, list(answer.json)) == (429, ["detail"])
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_failures_are_counted_by_address_and_place(two_failures, stranger, hashed):
    user, another = new_user(password_hash=hashed), new_user(password_hash=hashed)
    for _ in range(2):
        sign_in(stranger, user.email.upper(), "wrong")

    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert sign_in(stranger, user.email).status_code == 429
    assert sign_in(stranger, another.email).status_code == 200
    assert sign_in(stranger, user.email, environ_base=elsewhere).status_code == 200


def test_a_good_sign_in_forgets_the_failures(two_failures, stranger, hashed):
    user = new_user(password_hash=hashed)
    statuses = []
    for password in ("wrong", PASSWORD, "wrong", PASSWORD):
        statuses.append(sign_in(stranger, user.email, password).status_code)

    assert statuses == [400, 200, 400, 200]


@pytest.fixture(params=["redis", "memory"])
def three_failures(configure, request):
    """A limit, kept by either cache."""
    configure(signin_max_failures=3, cache=request.param)
    get_cache.cache_clear()
    yield
    get_cache.cache_clear()


def at_once(caller, email, passwords):
    with ThreadPoolExecutor(len(passwords)) as crowd:
        return sorted(crowd.map(lambda p: sign_in(caller, email, p).status_code, passwords))


def test_whoever_guesses_at_once_has_no_more_guesses(three_failures, stranger, hashed):
    user = new_user(password_hash=hashed)

    statuses = at_once(stranger, user.email, [f"wrong {n}" for n in range(24)])

    assert statuses == [400] * 3 + [429] * 21


def test_a_crowd_with_the_right_password_is_let_in(two_failures, stranger, hashed):
    user = new_user(password_hash=hashed)

    assert at_once(stranger, user.email, [PASSWORD] * 12) == [200] * 12


def test_what_failures_are_counted_by_stays_small(stranger, two_failures):
    sign_in(stranger, "x" * 1_000_000)

    assert max(len(name) for name in get_redis().scan_iter()) < 200


def test_guessing_the_old_password_is_limited_like_signing_in(two_failures, stranger, hashed):
    user = new_user(password_hash=hashed)
    caller = stranger.with_token(new_token(stranger.app, user))
    wrong = {"password": "wrong", "new_password": "Another-pw-2!"}
    for _ in range(2):
        caller.post("/api/v1/auths/update/password", wrong)

    answer = caller.post("/api/v1/auths/update/password", {**wrong, "password": PASSWORD})

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
