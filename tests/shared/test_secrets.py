"""Secrets at rest: encrypted, and shown as a mask."""

import pytest

from shared.config import secrets
from shared.config.secrets import is_mask, mask, seal, unseal

KEY = "sk-live-0123456789abcd"


@pytest.mark.parametrize("clear", [KEY, "x", "é漢🙂", "sealed:looks like one", "a\x00b"])
def test_what_is_sealed_comes_back(clear):
    assert unseal(seal(clear)) == clear


def test_what_is_sealed_cannot_be_read():
    assert KEY not in seal(KEY)
    assert KEY[:8] not in seal(KEY)


def test_nothing_stays_nothing():
    assert (seal(""), unseal(""), mask("")) == ("", "", "")


def test_the_same_secret_is_sealed_differently_each_time():
    assert seal(KEY) != seal(KEY)


def test_a_secret_in_clear_is_given_back_as_it_is():
    assert unseal(KEY) == KEY


def test_another_key_of_the_server_makes_secrets_unreadable(monkeypatch):
    sealed = seal(KEY)
    monkeypatch.setattr(secrets, "secret_key", lambda: "another key of the server")
    secrets._box.cache_clear()

    opened = unseal(sealed)
    secrets._box.cache_clear()

    assert opened == ""


@pytest.mark.parametrize("broken", ["sealed:", "sealed:nonsense", seal(KEY)[:-3]])
def test_what_is_broken_opens_to_nothing(broken):
    assert unseal(broken) == ""


def test_a_mask_shows_the_end_of_a_long_secret_only():
    assert mask(KEY) == "••••••••abcd"
    assert mask("short-key") == "••••••••"
    assert KEY[:8] not in mask(KEY)


@pytest.mark.parametrize(
    ("text", "is_one"), [(mask(KEY), True), (mask("short"), True), (KEY, False), ("", False)]
)
def test_a_mask_is_known_when_it_comes_back(text, is_one):
    assert is_mask(text) is is_one
