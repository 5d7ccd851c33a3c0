"""Settings: what is accepted, and how what is not accepted is told; secrets that are made once."""

import stat

import pytest

from shared.config import dotenv
from shared.config.settings import BadSetting, environment, kept_secret, load
from tests.services.crowd import at_once


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
        ("REDIS_URL", "localhost:6379", "redis://, rediss://"),
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


@pytest.mark.parametrize(
    ("also", "name", "text", "value"),
    [
        ("UVICORN_WORKERS", "web_concurrency", "3", 3),
        ("AIOHTTP_CLIENT_TIMEOUT", "upstream_total_timeout_s", "90", 90.0),
        ("WEBUI_JWT_SECRET_KEY", "webui_secret_key", "k", "k"),
        ("WEBUI_SESSION_COOKIE_SECURE", "webui_auth_cookie_secure", "true", True),
        ("WEBUI_SESSION_COOKIE_SAME_SITE", "webui_auth_cookie_same_site", "strict", "strict"),
    ],
)
def test_open_webuis_other_names_are_understood(also, name, text, value):
    assert getattr(load({also: text}), name) == value


def test_a_settings_own_name_counts_before_another():
    assert load({"UVICORN_WORKERS": "3", "WEB_CONCURRENCY": "2"}).web_concurrency == 2


def test_a_wrong_value_is_told_with_the_name_that_was_written():
    with pytest.raises(BadSetting, match="UVICORN_WORKERS"):
        load({"UVICORN_WORKERS": "many"})


def test_no_setting_can_bring_a_header_of_its_own():
    with pytest.raises(BadSetting, match="one line"):
        load({"HSTS": "max-age=1\r\nSet-Cookie: a=b"})


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


def test_an_empty_environment_gives_the_defaults():
    settings = load({})

    assert (settings.port, settings.host, settings.env) == (8080, "127.0.0.1", "prod")
    assert settings.data_dir.is_absolute()
    assert settings.sqlalchemy_url == f"sqlite:///{settings.data_dir}/switchyard.db"


def test_values_are_read_in_their_kinds():
    settings = load({"PORT": "81", "LOCAL_MODELS": "off", "JOB_LEASE_S": "1.5", "CACHE": "memory"})

    assert (settings.port, settings.local_models) == (81, False)
    assert (settings.job_lease_s, settings.cache) == (1.5, "memory")


def test_blanks_around_a_value_do_not_count():
    assert load({"WEBUI_NAME": "  Yard \n", "PORT": " 81 "}).webui_name == "Yard"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_the_database_may_be_named_as_others_name_it(url, expected):
    assert load({"DATABASE_URL": url}).sqlalchemy_url == expected


def test_the_secret_key_has_an_older_name():
    older = {"WEBUI_JWT_SECRET_KEY": "older"}

    assert load(older).webui_secret_key == "older"
    assert load({**older, "WEBUI_SECRET_KEY": "newer"}).webui_secret_key == "newer"


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        load({}).port = 1


def test_only_dev_is_development():
    assert [load({"ENV": env}).is_dev for env in ("dev", "prod", "Dev", "test")] == [
        True,
        False,
        False,
        False,
    ]


def test_a_file_of_settings_stands_below_the_environment(tmp_path, monkeypatch):
    lines = [
        "# a comment",
        "",
        "SWY_ONE=from the file",
        "export SWY_TWO = 'quoted'",
        'SWY_THREE="a=b"',
        "SWY_FOUR=from the file",
        "nonsense",
    ]
    (tmp_path / ".env").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWY_FOUR", "from the environment")

    env = environment()

    assert [env[f"SWY_{n}"] for n in ("ONE", "TWO", "THREE", "FOUR")] == [
        "from the file",
        "quoted",
        "a=b",
        "from the environment",
    ]


# Secrets that are made once


def test_a_secret_is_made_once_and_kept(tmp_path):
    path = tmp_path / "data" / "secret_key"

    first, second = kept_secret(path), kept_secret(path)

    assert first == second == path.read_text().strip()
    assert len(first) >= 48


def test_a_secret_is_its_owners_to_read(tmp_path):
    path = tmp_path / "secret_key"
    kept_secret(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secret_key"]


def test_an_existing_secret_is_taken_as_it_is(tmp_path):
    path = tmp_path / "secret_key"
    path.write_text("chosen\n")

    assert kept_secret(path) == "chosen"


def test_of_many_who_start_at_once_all_have_the_same_secret(tmp_path):
    found = at_once(12, lambda _: kept_secret(tmp_path / "secret_key"))

    assert len(set(found)) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["secret_key"]
