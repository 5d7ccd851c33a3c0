"""Answers that have read something: what is found goes to the model, and is told to the client."""

import json

import pytest

from shared.config.options import get_options
from tests.fakes.web_server import FakeWeb
from tests.services.things import describe, offer, stored_message
from tests.services.uploading import process

pytestmark = pytest.mark.usefixtures("engine", "worker", "uploads")
CATS = b"cats sleep on roofs\ndogs bark at trains"


@pytest.fixture(autouse=True)
def _served(member, openai_server):
    get_options().set({"ENABLE_RETRIEVAL_QUERY_GENERATION": False, "RAG_TOP_K": 1})
    offer("fake-alpha", url=openai_server.url)


def item(file, **more):
    return {"type": "file", "id": file["id"], "name": file["filename"], **more}


def complete(caller, *files, question="where do cats sleep", **more):
    body = {
        "model": "fake-alpha",
        "messages": [{"role": "user", "content": question}],
        "files": list(files),
        **more,
    }
    return caller.post("/api/chat/completions", body)


def questions(server):
    return [one for one in server.log() if one["path"].endswith("/chat/completions")]


def asked(server):
    return questions(server)[-1]["json"]["messages"]


def chunks_of(answer):
    lines = answer.text.split("\n\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def test_what_is_found_in_a_file_goes_to_the_model_and_comes_first_in_the_stream(
    member, openai_server
):
    file = process(member, CATS)

    chunks = chunks_of(complete(member, item(file), stream=True))

    [first, *others] = [chunk for chunk in chunks if "sources" in chunk]
    assert not others
    assert chunks.index(first) < 2
    [source] = first["sources"]
    assert source["source"]["name"] == "notes.txt"
    assert source["document"] == ["cats sleep on roofs"]
    assert source["metadata"][0]["file_id"] == file["id"]
    assert 0.5 < source["distances"][0] <= 1
    system = asked(openai_server)[0]
    assert system["role"] == "system"
    assert '<source id="1">cats sleep on roofs</source>' in system["content"]
    assert "dogs" not in system["content"]


def test_a_whole_file_goes_to_the_model_when_that_is_wanted(member, openai_server):
    file = process(member, CATS)

    complete(member, item(file, context="full"))

    assert "dogs bark at trains" in asked(openai_server)[0]["content"]


def test_a_file_of_somebody_else_is_not_read(member, other, openai_server):
    file = process(other, CATS)

    answer = complete(member, item(file))

    assert answer.status_code == 200, answer.text
    assert "cats sleep on roofs" not in json.dumps(asked(openai_server))


def test_a_models_knowledge_is_read_for_all_who_have_the_model(member, other, openai_server):
    from shared import db

    file = process(other, CATS)
    with db.transaction() as session:
        meta = {"knowledge": [item(file)]}
        session.merge(describe("wise", base_model_id="fake-alpha", meta=meta))
    from shared.services import models

    models.forget_catalogue()
    complete(member, model="wise")

    assert "cats sleep on roofs" in json.dumps(asked(openai_server))


def test_the_sources_are_kept_in_the_message(member):
    from tests.services.things import message, new_chat
    from tests.services.waiting import wait_until

    file = process(member, CATS)
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content=""))

    complete(member, item(file), stream=True, chat_id=chat.id, id="a", session_id="s")

    wait_until(lambda: stored_message(chat.id, "a").data.get("done"), 10, "the answer")
    kept = stored_message(chat.id, "a").data
    assert kept["sources"][0]["document"] == ["cats sleep on roofs"]
    assert kept["statusHistory"][0]["action"] == "knowledge_search"


def test_without_a_stream_the_sources_stand_beside_the_answer(member):
    file = process(member, CATS)

    answer = complete(member, item(file)).json

    assert answer["sources"][0]["document"] == ["cats sleep on roofs"]


def test_a_text_that_the_client_sends_is_put_in_as_it_is(member, openai_server):
    docs = [{"content": "owls hoot [query] {{QUERY}}", "metadata": {"source": "x"}}]

    complete(member, {"type": "web_search", "name": "owls", "docs": docs})

    assert "owls hoot [query] {{QUERY}}" in asked(openai_server)[0]["content"]


def test_memories_are_told_when_they_are_wanted(member, openai_server):
    member.post("/api/v1/memories/add", {"content": "likes green tea"})

    complete(member, question="which tea", features={"memory": True})

    assert "likes green tea" in asked(openai_server)[0]["content"]


def test_the_task_model_says_what_to_look_for(member, openai_server):
    get_options().set({"ENABLE_RETRIEVAL_QUERY_GENERATION": True})
    file = process(member, CATS)

    answer = complete(member, item(file))

    assert answer.status_code == 200, answer.text
    assert len(questions(openai_server)) == 2
    assert answer.json["sources"]


@pytest.fixture
def searched(configure, monkeypatch):
    """A web with one page that the search engine finds."""
    from workers.search import brave

    configure(outbound_allowed_networks="127.0.0.1")
    with FakeWeb() as web:
        page = web.put("/owls", "<html><title>Owls</title><p>Owls hoot at night.</p></html>")
        found = {"web": {"results": [{"url": page, "title": "On owls", "description": "x"}]}}
        for asked in ("owls+hoot", "nothing"):
            told = found if asked == "owls+hoot" else {"web": {"results": []}}
            web.put(f"/brave?q={asked}&count=3", json.dumps(told), "application/json")
        monkeypatch.setattr(brave, "URL", f"{web.url}/brave")
        get_options().set(
            {
                "ENABLE_WEB_SEARCH": True,
                "WEB_SEARCH_ENGINE": "brave",
                "ENABLE_SEARCH_QUERY_GENERATION": False,
            }
        )
        yield page


SEARCHING = {"features": {"web_search": True}}


def test_the_web_is_searched_read_and_cited(member, openai_server, searched):
    answer = complete(member, question="owls hoot", **SEARCHING)

    [source] = answer.json["sources"]
    assert source["source"]["urls"] == [searched]
    assert source["metadata"][0]["source"] == searched
    assert "Owls hoot at night." in asked(openai_server)[0]["content"]


def test_what_is_searched_and_found_is_told_in_the_contracts_words(member, searched):
    from tests.services.things import told

    answer = complete(member, question="owls hoot", **SEARCHING)

    statuses = [data for kind, data in told(answer.headers["X-Job-Id"]) if kind == "status"]
    web = [one for one in statuses if one["action"] == "web_search"]
    assert [one["description"] for one in web] == [
        "Generating search query",
        'Searching "{{searchQuery}}"',
        "Searched {{count}} sites",
    ]
    assert (web[-1]["urls"], web[-1]["done"]) == ([searched], True)


@pytest.mark.usefixtures("searched")
def test_an_answer_goes_on_when_nothing_was_found(member):
    answer = complete(member, question="nothing", **SEARCHING)

    assert answer.status_code == 200, answer.text
    assert "sources" not in answer.json


def test_pages_go_to_the_model_as_they_are_when_nothing_is_embedded(
    member, openai_server, searched
):
    get_options().set({"BYPASS_WEB_SEARCH_EMBEDDING_AND_RETRIEVAL": True})

    complete(member, question="owls hoot", **SEARCHING)

    assert "Owls hoot at night." in asked(openai_server)[0]["content"]


@pytest.mark.usefixtures("searched")
def test_the_web_is_not_searched_where_it_is_switched_off(member):
    get_options().set({"ENABLE_WEB_SEARCH": False})

    answer = member.post("/api/v1/retrieval/process/web/search", {"query": "owls hoot"})

    assert answer.status_code == 400
    assert "switched off" in answer.json["detail"]
    assert "sources" not in complete(member, question="owls hoot", **SEARCHING).json


def test_a_search_is_a_job_whose_pages_are_found(member, searched):
    found = member.post("/api/v1/retrieval/process/web/search", {"query": "owls hoot"}).json

    assert (found["filenames"], found["loaded_count"]) == ([searched], 1)
    body = {"collection_names": found["collection_names"], "query": "owls"}
    answer = member.post("/api/v1/retrieval/query/collection", body).json
    assert answer["documents"] == [["Owls hoot at night."]]
