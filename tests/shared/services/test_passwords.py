"""Passwords: hashed, and compared without telling more than yes or no."""

import bcrypt
import pytest

from shared.errors import Invalid
from shared.services.passwords import hash_password, is_outdated, is_password


def test_a_password_fits_its_own_hash_only():
    stored = hash_password("Secret-pw-1!")

    assert is_password(stored, "Secret-pw-1!")
    assert not is_password(stored, "secret-pw-1!")


def test_the_same_password_is_hashed_differently_each_time():
    assert hash_password("same") != hash_password("same")


@pytest.mark.parametrize("stored", [None, "", "plain text", "$argon2id$v=19$m=1$broken"])
def test_nothing_fits_where_there_is_no_hash(stored):
    assert not is_password(stored, "")
    assert not is_password(stored, "nobody has this password")


@pytest.mark.parametrize("clear", ["", "x" * 1025])
def test_a_password_is_neither_empty_nor_endless(clear):
    with pytest.raises(Invalid):
        hash_password(clear)


def test_every_letter_counts():
    stored = hash_password("é漢🙂" * 300)

    assert is_password(stored, "é漢🙂" * 300)
    assert not is_password(stored, "é漢🙂" * 299 + "é漢X")


def test_a_hash_of_bcrypt_counts_and_is_outdated():
    stored = bcrypt.hashpw(b"Secret-pw-1!", bcrypt.gensalt(4)).decode()

    assert is_password(stored, "Secret-pw-1!")
    assert not is_password(stored, "secret-pw-1!")
    assert is_outdated(stored)
    assert not is_outdated(hash_password("Secret-pw-1!"))


def test_bcrypt_sees_no_more_than_72_bytes_and_no_broken_hash():
    stored = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()

    assert is_password(stored, "x" * 100)
    assert not is_password("$2b$04$broken", "x")
