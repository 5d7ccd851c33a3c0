"""Logging: whose line it is, in which form, and how much."""

import json
import logging

import pytest

from shared.config.settings import load
from shared.log import job_id, request_id, set_up_logging


@pytest.fixture
def log_as(capsys):
    """Set logging up as a process does, and give back what it writes."""
    names = ["", "web", "workers", "shared", "launch", "shared.db", "web.stream", "kombu", "httpx"]
    names += ["sqlalchemy.engine", "sqlalchemy.engine.Engine", "shared.services.models"]
    names += ["workers.catalogue", "workers.providers.openai", "workers.providers.ollama"]
    names += ["shared.config"]
    before = {name: logging.getLogger(name).level for name in names}
    token = request_id.set("")  # another test's request may have left its own
    handlers = list(logging.getLogger().handlers)

    def start(**env):
        settings = load({name.upper(): value for name, value in env.items()})
        set_up_logging(settings, "test")
        return lambda: capsys.readouterr().out.splitlines()  # noqa: PLW0108 -- each time anew

    yield start
    request_id.reset(token)
    logging.getLogger().handlers[:] = handlers
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


log = logging.getLogger("web.somewhere")


def test_a_plain_line_says_when_how_bad_and_where(log_as):
    written = log_as()

    log.warning("it took %d s", 3)

    (line,) = written()
    assert line.endswith(" WARNING web.somewhere: it took 3 s")


def test_lines_carry_the_ids_of_their_request_and_job(log_as):
    written = log_as()
    tokens = request_id.set("r1"), job_id.set("j1")

    log.info("hello")
    request_id.reset(tokens[0])
    job_id.reset(tokens[1])
    log.info("hello")

    with_ids, without = written()
    assert with_ids.endswith("web.somewhere [request r1] [job j1]: hello")
    assert without.endswith("web.somewhere: hello")


def test_json_lines_are_objects_with_the_same(log_as):
    written = log_as(log_format="json")
    token = job_id.set("j1")

    log.error("é漢 %s", "x\ny")
    job_id.reset(token)

    line = json.loads(written()[0])
    assert line.pop("time")[:2] == "20"
    assert line == {
        "level": "ERROR",
        "process": "test",
        "logger": "web.somewhere",
        "message": "é漢 x\ny",
        "job": "j1",
    }


def test_a_traceback_stays_on_its_json_line(log_as):
    written = log_as(log_format="json")

    try:
        raise ValueError("what happened")
    except ValueError:
        log.exception("failed")

    (line,) = written()
    assert "ValueError: what happened" in json.loads(line)["traceback"]


def test_each_area_may_have_a_level_of_its_own(log_as):
    written = log_as(global_log_level="ERROR", socket_log_level="debug")

    logging.getLogger("web.stream.hub").debug("seen")
    log.warning("not seen")
    logging.getLogger("shared.queue").warning("not seen")

    assert [line.rpartition(": ")[2] for line in written()] == ["seen"]


def test_development_shows_details_of_our_own_code_only(log_as):
    written = log_as(env="dev")

    log.debug("ours")
    logging.getLogger("somebody.else").debug("theirs")
    logging.getLogger("somebody.else").info("is ready")

    assert [line.rpartition(": ")[2] for line in written()] == ["ours", "is ready"]


def test_a_message_of_several_lines_becomes_one(log_as):
    written = log_as()

    log.info("lost.\nTrying again ...\n\n2026-01-01 00:00:00 INFO forged")

    (line,) = written()
    assert line.endswith("lost. Trying again ... 2026-01-01 00:00:00 INFO forged")


@pytest.mark.parametrize(
    ("area", "name"),
    [
        ("MAIN", "web.somewhere"),
        ("DB", "sqlalchemy.engine"),
        ("MODELS", "workers.catalogue.tasks"),
        ("OPENAI", "workers.providers.openai"),
        ("OLLAMA", "workers.providers.ollama"),
        ("SOCKET", "web.stream.hub"),
        ("CONFIG", "shared.config.options"),
    ],
)
def test_an_area_is_the_part_of_the_code_that_it_says(log_as, area, name):
    written = log_as(**{"global_log_level": "ERROR", f"{area}_LOG_LEVEL": "DEBUG"})

    logging.getLogger(name).debug("seen")
    logging.getLogger("celery").warning("not seen")

    assert [line.rpartition(": ")[2] for line in written()] == ["seen"]


def test_quiet_libraries_are_never_louder_than_everybody_else(log_as):
    written = log_as(global_log_level="ERROR")

    logging.getLogger("httpx").warning("noise")

    assert written() == []


def test_libraries_that_talk_too_much_are_quiet(log_as):
    written = log_as()

    logging.getLogger("httpx").info("a request with its address")
    logging.getLogger("kombu").info("hello")

    assert written() == []


def test_a_file_is_written_beside_where_one_is_wanted(log_as, tmp_path):
    log_as(log_file="true", data_dir=str(tmp_path))

    log.info("hello")

    assert (tmp_path / "logs" / "test.log").read_text().endswith("web.somewhere: hello\n")
    for handler in logging.getLogger().handlers:
        handler.close()


def test_no_file_is_written_unasked(log_as, tmp_path):
    log_as(data_dir=str(tmp_path))

    log.info("hello")

    assert list(tmp_path.iterdir()) == []
