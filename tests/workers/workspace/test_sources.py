"""Fetching sources: addresses, names, and what is none."""

import pytest

from shared.kinds.workspace import FETCH_SOURCE, FetchSource
from shared.models.job import COMPLETED, FAILED
from tests.fakes.web_server import FakeWeb
from tests.services.things import new_job, row_of
from workers import base
from workers.workspace.tasks import as_raw, name_of

RAW = "https://raw.githubusercontent.com"


@pytest.mark.parametrize(
    ("url", "raw"),
    [
        ("https://github.com/ada/tools/blob/main/a/b.py", f"{RAW}/ada/tools/main/a/b.py"),
        ("https://github.com/ada/tools/tree/main/a", f"{RAW}/ada/tools/main/a/main.py"),
        ("https://example.com/a.py", "https://example.com/a.py"),
        ("https://github.com/ada/tools", "https://github.com/ada/tools"),
    ],
)
def test_a_page_about_a_file_stands_for_the_file(url, raw):
    assert as_raw(url) == raw


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.com/x/weather.py", "weather"),
        ("https://example.com/weather/main.py", "weather"),
        ("https://example.com/main.py", "main"),
        ("https://example.com/a%20b.py?raw=1", "a b"),
    ],
)
def test_a_source_is_called_after_its_file_or_folder(url, name):
    assert name_of(url) == name


@pytest.mark.parametrize(
    ("path", "status"), [("/text.py", COMPLETED), ("/binary.py", FAILED), ("/none.py", FAILED)]
)
def test_a_text_is_fetched_and_nothing_else(world, configure, path, status):
    configure(outbound_allowed_networks="127.0.0.1")
    with FakeWeb() as web:
        web.put("/text.py", "class Tools: ...")
        web.put("/binary.py", b"\xff\xfe\x00\x80")

        job = new_job(spec=FETCH_SOURCE, payload=FetchSource(url=web.url + path))
        base.run(job)

    assert row_of(job).status == status
