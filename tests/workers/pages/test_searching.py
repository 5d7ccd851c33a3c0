"""Web searches and pages that are left at once when they are cancelled, whoever is waited for."""

import json

import pytest

from shared import db
from shared.config.options import get_options
from shared.kinds.retrieval import READ_PAGE, SEARCH_WEB, ReadPage, SearchWeb
from shared.models.job import CANCELLED
from shared.queue import Subject
from shared.services import collections, jobs
from tests.fakes.web_server import FakeWeb
from tests.services.things import new_user, row_of
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("world", "worker")


@pytest.fixture
def web(configure):
    configure(outbound_allowed_networks="127.0.0.1/32")
    with FakeWeb() as made:
        yield made


def cancelled_while_waiting(web, owner, spec, payload):
    """Cancel a job once it waits for a server that never answers."""
    with db.transaction():
        job_id = jobs.accept(spec, payload, Subject(owner.id))
    wait_until(lambda: any("/hang" in path for _, path, *_ in web.asked), 10, "somebody to wait")

    jobs.cancel(owner, job_id)

    wait_until(lambda: row_of(job_id).status == CANCELLED, 5, "the job is cancelled")


def test_a_search_engine_that_hangs(web):
    owner = new_user()
    address = f"{web.url}/hang?q=<query>"
    get_options().set(
        {
            "ENABLE_WEB_SEARCH": True,
            "WEB_SEARCH_ENGINE": "searxng",
            "SEARXNG_QUERY_URL": address,
        }
    )

    cancelled_while_waiting(web, owner, SEARCH_WEB, SearchWeb(user_id=owner.id, queries=["owls"]))


@pytest.mark.parametrize("loader", ["", "firecrawl"])
def test_a_page_that_a_search_has_found_and_that_hangs(web, loader):
    owner = new_user()
    found = json.dumps({"results": [{"url": f"{web.url}/hang", "title": "x", "content": "x"}]})
    path = "/s?q=owls&format=json&pageno=1&safesearch=1&language=all"
    get_options().set(
        {
            "ENABLE_WEB_SEARCH": True,
            "WEB_SEARCH_ENGINE": "searxng",
            "SEARXNG_QUERY_URL": web.put(path, found, "application/json").partition("?")[0],
            "WEB_LOADER_ENGINE": loader,
            "FIRECRAWL_API_BASE_URL": f"{web.url}/hang?",
        }
    )

    cancelled_while_waiting(web, owner, SEARCH_WEB, SearchWeb(user_id=owner.id, queries=["owls"]))


@pytest.mark.parametrize("loader", ["", "firecrawl"])
def test_a_page_that_hangs(web, loader):
    owner = new_user()
    base = f"{web.url}/hang?"
    get_options().set({"WEB_LOADER_ENGINE": loader, "FIRECRAWL_API_BASE_URL": base})
    with db.transaction():
        name = collections.claim(owner, None, "x")

    cancelled_while_waiting(web, owner, READ_PAGE, ReadPage(url=f"{web.url}/hang", collection=name))
