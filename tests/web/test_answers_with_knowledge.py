"""Answers that read knowledge bases, pages and kept texts: found, cited, and nobody else's."""

import json

import pytest

from shared.config.options import get_options
from tests.fakes.web_server import FakeWeb
from tests.services.documents import pdf
from tests.services.things import offer, told
from tests.services.uploading import process
from workers.extraction.own import OwnExtractor
from workers.retrieval import parts

pytestmark = pytest.mark.usefixtures("engine", "worker", "uploads")
R = "/api/v1/retrieval"


@pytest.fixture(autouse=True)
def _served(member, openai_server):
    get_options().set(
        {
            "ENABLE_RETRIEVAL_QUERY_GENERATION": False,
            "RAG_TOP_K": 1,
            "USER_PERMISSIONS": {"workspace": {"knowledge": True}},
        }
    )
    offer("fake-alpha", url=openai_server.url)


def complete(caller, *items, question="where do cats sleep"):
    body = {
        "model": "fake-alpha",
        "messages": [{"role": "user", "content": question}],
        "files": list(items),
    }
    answer = caller.post("/api/chat/completions", body)
    assert answer.status_code == 200, answer.text
    return answer


def asked(server):
    found = [one for one in server.log() if one["path"].endswith("/chat/completions")]
    return json.dumps(found[-1]["json"]["messages"], ensure_ascii=False)


@pytest.fixture
def base(member):
    """A knowledge base of two files, as an item of a chat."""
    made = member.post(
        "/api/v1/knowledge/create", {"name": "Animals", "description": "", "access_control": {}}
    ).json
    for name, text in (("cats.txt", b"cats sleep on roofs"), ("dogs.txt", b"dogs bark at trains")):
        file = process(member, text, name)
        added = member.post(f"/api/v1/knowledge/{made['id']}/file/add", {"file_id": file["id"]})
        assert added.status_code == 200, added.text
    return {"type": "collection", "id": made["id"], "name": "Animals"}


def test_a_whole_knowledge_base_is_searched_and_its_files_are_cited(member, base, openai_server):
    [source] = complete(member, base).json["sources"]

    assert source["source"]["name"] == "Animals"
    assert source["document"] == ["cats sleep on roofs"]
    assert source["metadata"][0]["name"] == "cats.txt"
    assert "cats sleep on roofs" in asked(openai_server)
    assert "dogs bark" not in asked(openai_server)


@pytest.mark.parametrize(
    "option", ["RAG_FULL_CONTEXT", "BYPASS_EMBEDDING_AND_RETRIEVAL", "context"]
)
def test_all_of_a_knowledge_base_is_read_where_that_is_wanted(member, base, openai_server, option):
    if option == "context":
        base = {**base, "context": "full"}
    else:
        get_options().set({option: True})

    complete(member, base)

    assert "cats sleep on roofs" in asked(openai_server)
    assert "dogs bark at trains" in asked(openai_server)


def test_a_knowledge_base_of_somebody_else_is_not_read_by_any_name(
    member, other, base, openai_server
):
    ways = [
        base,
        {**base, "context": "full"},
        {"type": "collection", "legacy": True, "collection_names": [base["id"]], "name": "x"},
        {"type": "doc", "collection_name": base["id"], "name": "x"},
        {"type": "web_search", "collection_names": [base["id"]], "name": "x"},
        {"type": "doc", "collection_name": f"user-memory-{member.id}", "name": "x"},
        {"id": base["id"], "type": "file", "name": "x"},
    ]

    for item in ways:
        answer = complete(other, item)

        assert "sources" not in answer.json, item
        assert "cats sleep on roofs" not in asked(openai_server), item


def test_a_shared_knowledge_base_is_read_until_it_is_shared_no_more(
    member, other, base, openai_server
):
    path = f"/api/v1/knowledge/{base['id']}/update"
    form = {"name": "Animals", "description": ""}
    reading = {"read": {"user_ids": [other.id], "group_ids": []}, "write": {}}

    member.post(path, {**form, "access_control": reading})
    shared = complete(other, base)
    member.post(path, {**form, "access_control": {}})
    shared_no_more = complete(other, base)

    assert shared.json["sources"][0]["document"] == ["cats sleep on roofs"]
    assert "sources" not in shared_no_more.json
    statuses = [data for kind, data in told(shared_no_more.headers["X-Job-Id"]) if kind == "status"]
    assert statuses[0]["error"] is True
    assert "Animals" in statuses[0]["description"]


def test_an_item_that_is_gone_or_nonsense_stops_no_answer(member, base, openai_server):
    member.delete(f"/api/v1/knowledge/{base['id']}/delete")
    nonsense = [
        {"type": "file", "id": "no such file", "name": "x"},
        {"type": "collection"},
        {"type": "collection", "id": None, "name": 7},
        {"type": "doc", "collection_name": "a\x00b", "name": "x"},
        {"type": "strange", "id": "x", "docs": "no list"},
        {"docs": [None, 7, {"content": None}], "name": "x"},
        {},
    ]

    complete(member, base, *nonsense)

    assert "where do cats sleep" in asked(openai_server)


def test_a_page_that_was_kept_before_is_read_by_its_collection(member, configure, openai_server):
    configure(outbound_allowed_networks="127.0.0.1/32")
    with FakeWeb() as web:
        url = web.put("/cats", "<html><title>Cats</title><p>Cats sleep on roofs.</p></html>")
        kept = member.post(f"{R}/process/web", {"url": url}).json
    item = {"type": "doc", "name": url, "collection_name": kept["collection_name"], "url": url}

    [source] = complete(member, item).json["sources"]

    assert source["source"]["name"] == url
    assert source["metadata"][0]["source"] == url
    assert "Cats sleep on roofs." in asked(openai_server)


def test_a_page_that_is_named_by_nothing_but_its_address_is_read(member, configure, openai_server):
    configure(outbound_allowed_networks="127.0.0.1/32")
    with FakeWeb() as web:
        url = web.put("/cats", "<html><title>Cats</title><p>Cats sleep on roofs.</p></html>")
        answer = complete(member, {"type": "text", "url": url})

    assert answer.json["sources"][0]["source"]["name"] == url
    assert "Cats sleep on roofs." in asked(openai_server)


def test_a_citation_points_to_page_and_place(member, monkeypatch):
    monkeypatch.setattr(parts, "get_extractor", OwnExtractor)
    file = process(member, pdf("All about dogs", "cats sleep on roofs"), "animals.pdf")
    item = {"type": "file", "id": file["id"], "name": "animals.pdf"}

    [source] = complete(member, item).json["sources"]

    [meta] = source["metadata"]
    place = meta["start_index"]
    assert meta["page"] == 1
    assert file["data"]["content"][place:].startswith("cats sleep on roofs")


def test_the_template_of_the_options_puts_what_is_found_to_the_model(member, base, openai_server):
    get_options().set({"RAG_TEMPLATE": "Käfer: {{CONTEXT}} / [query]"})

    complete(member, base, question="where do cats sleep 🐈")

    assert (
        'Käfer: <source id=\\"1\\">cats sleep on roofs</source> / where do cats sleep 🐈'
        in asked(openai_server)
    )
