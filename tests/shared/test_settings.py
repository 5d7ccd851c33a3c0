"""Settings: what is accepted, and how what is not accepted is told."""

import pytest

from shared.config import dotenv
from shared.config.settings import BadSetting, load


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "abc", "a whole number"),
        ("PORT", "70000", "at most 65535"),
        ("WEB_CONCURRENCY", "0", "at least 1"),
        ("JOB_LEASE_S", "0.1", "more than 0.2"),
        ("LOCAL_MODELS", "perhaps", "true or false"),
        ("LOG_FORMAT", "xml", "'plain' or 'json'"),
        ("GLOBAL_LOG_LEVEL", "chatty", "'DEBUG', 'INFO'"),
        ("DB_LOG_LEVEL", "chatty", "'DEBUG', 'INFO'"),
        ("DATABASE_URL", "mysql://a/b", "postgresql:// or sqlite:///"),
        ("DATABASE_URL", "nonsense", "postgresql:// or sqlite:///"),
        ("REDIS_URL", "localhost:6379", "redis:// or rediss://"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_with_the_variables_name(name, value, words):
    with pytest.raises(BadSetting) as raised:
        load({name: value})

    assert str(raised.value).startswith(f"switchyard: the setting {name} cannot be used: ")
    assert words in str(raised.value)


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(BadSetting) as raised:
        load({"PORT": "abc", "LOG_FORMAT": "xml"})

    assert [line.split()[3] for line in str(raised.value).splitlines()] == ["PORT", "LOG_FORMAT"]


@pytest.mark.parametrize("url", ["redis://:pass/word@host:6379/0", "redis://:pass:word@h:x/0"])
def test_a_bad_address_is_told_without_the_password_in_it(url):
    with pytest.raises(BadSetting) as raised:
        load({"REDIS_URL": url})

    assert "pass" not in str(raised.value).replace(":password@", "")


def test_log_levels_may_be_written_in_any_case():
    settings = load({"GLOBAL_LOG_LEVEL": "debug", "DB_LOG_LEVEL": "Warning"})

    assert settings.global_log_level == "DEBUG"
    assert settings.log_levels == {"DB": "WARNING"}


def test_an_empty_text_counts_as_unset():
    assert load({"PORT": ""}).port == 8080


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=plain", "plain"),
        ("NAME = with spaces ", "with spaces"),
        ("export NAME=exported", "exported"),
        ("NAME='single # quoted'", "single # quoted"),
        ('NAME="double # quoted" # comment', "double # quoted"),
        ("NAME=5555 # comment", "5555"),
        ("NAME=pass#word", "pass#word"),
        ("NAME=a=b==", "a=b=="),
        ("NAME=windows\r", "windows"),
        ("\ufeffNAME=marked", "marked"),
        ("NAME=", ""),
        ('NAME="unclosed', '"unclosed'),
    ],
)
def test_a_line_of_dotenv_is_read_as_people_write_it(tmp_path, line, value):
    path = tmp_path / ".env"
    path.write_bytes(f"{line}\n".encode())

    assert dotenv.read(path) == {"NAME": value}


@pytest.mark.parametrize("line", ["# NAME=comment", "", "no assignment", "1=2"])
def test_other_lines_of_dotenv_are_skipped(tmp_path, line):
    path = tmp_path / ".env"
    path.write_text(f"{line}\nOTHER=1\n")

    assert dotenv.read(path) == {"OTHER": "1"}


def test_no_dotenv_is_no_settings(tmp_path):
    assert dotenv.read(tmp_path / ".env") == {}
