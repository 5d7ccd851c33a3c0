"""Accounts: rows of users, their credentials, keys and sign-ins."""

import time
from dataclasses import replace

import pytest
from sqlalchemy import select

from shared import db, relay
from shared.config.options import get_options
from shared.errors import Forbidden, Invalid, NotFound
from shared.models.user import APIKey, Credential, User, UserSession
from shared.redis import get_redis
from shared.services import accounts
from tests.services.things import new_group, new_user

pytestmark = pytest.mark.usefixtures("each_database")
# For what no database decides.
on_any_database = pytest.mark.parametrize("each_database", ["sqlite"], indirect=True)


def sign_up(number=1):
    with db.transaction():
        return accounts.sign_up("Ada", f"ada{number}@example.com", "hash", "").role


def count(table):
    with db.reading() as session:
        return len(session.scalars(select(table)).all())


def test_the_first_account_becomes_admin_and_closes_the_door():
    role = sign_up()

    with pytest.raises(Forbidden):
        sign_up(2)
    assert role == "admin"


def test_a_first_account_that_fails_leaves_the_door_open():
    with pytest.raises(ValueError, match="later"), db.transaction():
        accounts.sign_up("Ada", "ada@example.com", "hash", "")
        raise ValueError("later")

    assert sign_up() == "admin"


def test_later_accounts_have_the_role_that_an_admin_chose():
    sign_up()
    get_options().set({"ENABLE_SIGNUP": True, "DEFAULT_USER_ROLE": "user"})

    assert sign_up(2) == "user"


def test_an_account_is_found_by_its_address_in_any_case():
    user = new_user()

    with db.reading():
        assert accounts.by_email(f" {user.email.upper()} ").id == user.id
        assert accounts.by_email("nobody@example.com") is None


def test_an_account_that_is_refused_leaves_nothing():
    for email, role in (("no address", "user"), ("a@example.com", "emperor")):
        with pytest.raises(Invalid), db.transaction():
            accounts.add("Ada", email, "hash", role)

    assert (count(User), count(Credential)) == (0, 0)


def test_names_and_words_may_hold_any_character():
    with db.transaction():
        user = accounts.add("é漢🙂\x00", "a@example.com", "hash", "user", "data:image/png;base64,é")

    with db.reading():
        assert accounts.by_id(user.id).name == "é漢🙂\ufffd"


def test_what_rules_need_to_know_is_read_in_one_statement():
    user = new_user("admin")
    first, second = new_group([user.id]), new_group([user.id])

    with db.reading():
        found = accounts.principal_of(user.id, "s")
        assert accounts.principal_of("nobody") is None

    assert found == replace(user, session_id="s", group_ids=tuple(sorted((first, second))))


def session(user, expires_at=None):
    with db.transaction():
        return accounts.open_session(user.id, "browser", expires_at)


def is_open(user, session_id):
    with db.reading():
        return accounts.is_open(user.id, session_id)


def test_a_sign_in_stands_until_it_is_closed():
    user, other = new_user(), new_user()
    session_id = session(user)
    before = is_open(user, session_id)

    with db.transaction():
        accounts.close_session(other.id, session_id)
    by_other = is_open(user, session_id)
    with db.transaction():
        accounts.close_session(user.id, session_id)

    assert (before, by_other, is_open(user, session_id)) == (True, True, False)


def test_a_sign_in_is_its_own_users():
    session_id = session(new_user())

    assert not is_open(new_user(), session_id)


def test_a_sign_in_ends_with_its_time():
    user = new_user()

    assert not is_open(user, session(user, int(time.time()) - 1))
    assert is_open(user, session(user, int(time.time()) + 100))


def test_expired_sign_ins_are_purged_and_others_stay():
    user = new_user()
    session(user, int(time.time()) - 1)
    kept = {session(user), session(user, int(time.time()) + 100)}

    with db.transaction():
        purged = accounts.purge_sessions()

    with db.reading() as current:
        assert purged == 1
        assert set(current.scalars(select(UserSession.id))) == kept


def test_a_long_browser_name_is_cut():
    with db.transaction():
        accounts.open_session(new_user().id, "x" * 10_000, None)

    with db.reading() as current:
        assert len(current.scalars(select(UserSession.user_agent)).one()) == 300


def test_a_new_password_keeps_one_sign_in():
    user = new_user()
    kept, other = session(user), session(user)

    with db.transaction():
        accounts.set_password(user.id, "new hash", kept)

    assert (is_open(user, kept), is_open(user, other)) == (True, False)
    with db.reading():
        assert accounts.password_hash_of(user.id) == "new hash"


def test_a_new_password_by_key_ends_all_sign_ins():
    user = new_user()
    session_id = session(user)

    with db.transaction():
        accounts.set_password(user.id, "new hash", None)

    assert not is_open(user, session_id)


def test_a_key_leads_to_its_owner():
    user = new_user()
    with db.transaction():
        clear = accounts.make_api_key(user.id)

    with db.reading():
        assert accounts.by_api_key(clear).id == user.id
        assert accounts.by_api_key(clear[:-1]) is None
        assert accounts.api_key_hint(user.id) == f"sk-…{clear[-4:]}"


def test_an_accounts_rows_go_with_it():
    user = new_user()
    session(user)
    with db.transaction() as current:
        accounts.make_api_key(user.id)
        current.delete(accounts.by_id(user.id))

    assert [count(table) for table in (User, Credential, APIKey, UserSession)] == [0, 0, 0, 0]


@pytest.mark.parametrize("role", ["emperor", ""])
def test_a_role_that_does_not_exist_is_refused(role):
    with pytest.raises(Invalid), db.transaction():
        accounts.set_role(new_user().id, role)


def test_nobody_has_nothing():
    with db.transaction():
        for act in (
            lambda: accounts.set_role("nobody", "user"),
            lambda: accounts.set_profile("nobody", "Ada", ""),
            lambda: accounts.settings_of("nobody"),
            lambda: accounts.merge_settings("nobody", {}),
        ):
            with pytest.raises(NotFound):
                act()


@pytest.fixture
def listener():
    """Hears what the web processes hear about a user."""
    user = new_user()
    pubsub = get_redis().pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe(relay.user_channel(user.id))
    pubsub.get_message(timeout=5)
    yield user, pubsub
    pubsub.close()


@on_any_database
@pytest.mark.parametrize(
    "act",
    [
        lambda user: accounts.set_role(user.id, "admin"),
        lambda user: accounts.set_profile(user.id, "Ada", ""),
        lambda user: accounts.set_password(user.id, "hash", None),
        lambda user: accounts.close_session(user.id, "s"),
        lambda user: accounts.make_api_key(user.id),
        lambda user: accounts.forget_api_key(user.id),
    ],
)
def test_every_process_hears_of_a_change_after_it_is_durable(listener, act):
    user, pubsub = listener

    with db.transaction():
        act(user)
        before = pubsub.get_message(timeout=0.01)

    assert before is None
    assert pubsub.get_message(timeout=5)["data"] == b'{"type":"account","data":{}}'


def test_the_first_admin_is_the_one_to_write_to():
    new_user()
    first = new_user("admin")
    new_user("admin")

    with db.reading():
        assert accounts.first_admin().id == first.id
        assert (accounts.count(), accounts.has_any()) == (3, True)


def test_where_nobody_is_there_is_no_admin():
    with db.reading():
        assert accounts.first_admin() is None
        assert (accounts.count(), accounts.has_any()) == (0, False)
