"""The doors of retrieval: made searchable, searched, and nobody else's business."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.config.options import get_options
from shared.models.job import COMPLETED
from tests.fakes.web_server import FakeWeb
from tests.services.searching import texts_in
from tests.services.things import row_of
from tests.services.uploading import file_row, process
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("engine", "worker", "uploads")
R = "/api/v1/retrieval"
WORDS = "cats sleep on roofs\ndogs bark at trains\nbread is baked at dawn"
PAGE = "<html><head><title>On cats</title></head><body><p>Cats sleep on warm roofs.</p></body>"


@pytest.fixture
def web(configure):
    configure(outbound_allowed_networks="127.0.0.1/32", data_dir="data")
    with FakeWeb() as server:
        yield server


def keep(caller, content=WORDS, **more):
    answer = caller.post(f"{R}/process/text", {"name": "notes", "content": content, **more})
    assert answer.status_code == 200, answer.text
    return answer.json["collection_name"]


def query(caller, name, question, **more):
    body = {"collection_name": name, "query": question, **more}
    return caller.post(f"{R}/query/doc", body)


def test_a_text_is_found_by_a_question(member):
    name = keep(member)

    found = query(member, name, "where do cats sleep", k=1).json

    assert found["documents"] == [["cats sleep on roofs"]]
    assert found["metadatas"][0][0]["name"] == "notes"
    assert 0.5 < found["distances"][0][0] <= 1
    assert found["ids"][0][0]


def test_several_collections_are_searched_as_one(member):
    names = [keep(member, "cats sleep"), keep(member, "dogs bark")]

    body = {"collection_names": names, "query": "dogs bark", "k": 5}
    found = member.post(f"{R}/query/collection", body).json

    assert found["documents"] == [["dogs bark", "cats sleep"]]


def test_hybrid_search_finds_a_rare_word(member):
    name = keep(member, "\n".join([f"line {n} of many" for n in range(60)] + ["zyzzyva beetle"]))

    found = query(member, name, "the zyzzyva", k=3, hybrid=True).json

    assert found["documents"][0][0] == "zyzzyva beetle"


def test_what_is_less_alike_than_wanted_is_left_out(member):
    name = keep(member)

    found = query(member, name, "cats sleep on roofs", k=3, r=0.9).json

    assert found["documents"] == [["cats sleep on roofs"]]


@pytest.mark.parametrize("action", ["query/doc", "process/text"])
def test_a_collection_of_somebody_else_is_not_there(member, other, action):
    name = keep(member)

    bodies = {
        "query/doc": {"collection_name": name, "query": "cats"},
        "process/text": {"collection_name": name, "name": "x", "content": "y"},
    }

    assert other.post(f"{R}/{action}", bodies[action]).status_code == 404
    assert "y" not in texts_in(name)


def test_memories_and_files_of_others_are_not_searched(member, other):
    file = process(member, b"cats sleep on roofs")

    names = [f"file-{file['id']}", f"user-memory-{member.id}", "nothing"]

    assert {query(other, name, "cats").status_code for name in names} == {404}
    assert query(member, names[0], "cats").json["documents"] == [["cats sleep on roofs"]]


def test_two_users_texts_of_the_same_words_are_two_collections(member, other):
    assert keep(member) != keep(other)


def test_a_page_is_read_and_found(member, web):
    answer = member.post(f"{R}/process/web", {"url": web.put("/cats", PAGE)})

    assert answer.status_code == 200, answer.text
    assert answer.json["file"]["data"]["content"] == "Cats sleep on warm roofs."
    assert answer.json["file"]["meta"]["name"] == "On cats"
    found = query(member, answer.json["collection_name"], "cats").json
    assert found["metadatas"][0][0]["source"] == web.url + "/cats"


def test_a_private_address_is_refused(member):
    answer = member.post(f"{R}/process/web", {"url": "http://127.0.0.1:1/x"})

    assert answer.status_code == 400
    assert "may not be opened" in answer.json["detail"]


def test_a_page_that_is_not_there_is_said_to_be_so(member, web):
    assert member.post(f"{R}/process/web", {"url": web.url + "/nothing"}).status_code in (400, 404)
    assert member.post(f"{R}/process/web", {"url": "ftp://x"}).status_code == 400


def test_captions_of_a_video_are_read(member, web, monkeypatch):
    from workers.pages import youtube

    said = '{"events": [{"segs": [{"utf8": "Hello "}, {"utf8": "cats"}]}, {"x": 1}]}'
    base = web.put("/captions?v=abc&fmt=json3", said).removesuffix("&fmt=json3")
    tracks = f'"captionTracks":[{{"baseUrl":"{base}","languageCode":"en"}}],"audioTracks"'
    monkeypatch.setattr(youtube, "_WATCH", web.url + "/watch?")
    web.put("/watch?v=abc", f"<title>A film - YouTube</title>{tracks}")

    body = {"url": "https://youtu.be/abc"}
    answer = member.post(f"{R}/process/youtube", body)

    assert answer.json["file"]["data"]["content"] == "Hello cats", answer.text
    assert answer.json["file"]["meta"]["name"] == "A film"


def test_a_file_gets_another_text_and_goes_into_a_knowledge_base(member):
    get_options().set({"USER_PERMISSIONS": {"workspace": {"knowledge": True}}})
    file = process(member, b"cats")
    base = member.post("/api/v1/knowledge/create", {"name": "k", "description": ""}).json

    changed = member.post(f"{R}/process/file", {"file_id": file["id"], "content": "dogs"})
    body = {"file_id": file["id"], "collection_name": base["id"]}
    held = member.post(f"{R}/process/file", body)

    assert changed.json["content"] == held.json["content"] == "dogs"
    assert texts_in(base["id"]) == ["dogs"]


def test_all_who_process_a_file_at_once_are_answered_when_the_last_is_done(member, engine):
    file = process(member, b"cats")
    gate = threading.Event()
    engine.before = lambda text: gate.wait(10) if text == "text 0" else None

    def change(number):
        body = {"file_id": file["id"], "content": f"text {number}"}
        return member.post(f"{R}/process/file", body)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(change, 0)
        wait_until(lambda: is_waiting(file), 10, "the first job")
        second = pool.submit(change, 1)
        wait_until(lambda: texts_in(f"file-{file['id']}") == ["text 1"], 10, "the second job")
        gate.set()
        answers = [first.result(20), second.result(20)]

    assert [(one.status_code, one.json["content"]) for one in answers] == [(200, "text 1")] * 2
    assert texts_in(f"file-{file['id']}") == ["text 1"]


def is_waiting(file):
    return file_row(file["id"]).job_id != file["data"]["job"]


def test_files_are_put_into_a_knowledge_base_each_for_itself(member, other):
    get_options().set({"USER_PERMISSIONS": {"workspace": {"knowledge": True}}})
    own, foreign = process(member, b"cats"), process(other, b"dogs")
    base = member.post("/api/v1/knowledge/create", {"name": "k", "description": ""}).json

    body = {"files": [own, foreign], "collection_name": base["id"]}
    answer = member.post(f"{R}/process/files/batch", body).json

    assert [one["status"] for one in answer["results"]] == ["completed", "failed"]
    assert [one["file_id"] for one in answer["errors"]] == [foreign["id"]]
    assert texts_in(base["id"]) == ["cats"]


def test_admins_reset_all_vectors(member, admin):
    name = keep(member)
    assert member.post(f"{R}/reset/db").status_code == 401

    assert admin.post(f"{R}/reset/db").status_code == 200
    wait_until(lambda: not texts_in(name), 5, "the vectors to go")


def test_what_another_engine_made_is_not_compared_and_made_anew(member, admin, engine):
    name = keep(member)
    engine.name = "fake/another"

    found = query(member, name, "where do cats sleep").json

    assert found["documents"][0][0] == "cats sleep on roofs"  # by its words
    assert found["distances"][0] == [0.5]
    [job] = admin.get("/api/v1/jobs/").json["items"]
    assert job["kind"] == "retrieval.reindex"
    wait_until(lambda: row_of(job["id"]).status == COMPLETED, 20, "everything to be made anew")
    again = query(member, name, "where do cats sleep").json
    assert (again["documents"][0][0], again["distances"][0][0]) > ("cats sleep on roofs", 0.5)
    assert len(admin.get("/api/v1/jobs/").json["items"]) == 1


@pytest.mark.parametrize("loader", ["firecrawl", "tavily"])
def test_another_server_may_read_pages(member, web, monkeypatch, loader):
    from workers.pages import loaders

    told = {
        "data": {"markdown": "Cats sleep.", "metadata": {"title": "T"}},
        "results": [{"url": "x", "raw_content": "Cats sleep."}],
    }
    for path in ("/v1/scrape", "/extract"):
        web.put(path, json.dumps(told), "application/json")
    monkeypatch.setattr(loaders, "TAVILY_URL", f"{web.url}/extract")
    get_options().set({"WEB_LOADER_ENGINE": loader, "FIRECRAWL_API_BASE_URL": web.url})

    answer = member.post(f"{R}/process/web", {"url": "https://cats.example/"})

    assert answer.json["file"]["data"]["content"] == "Cats sleep.", answer.text


def test_what_searches_have_found_is_forgotten_after_a_while_and_nothing_else(member):
    from shared import db
    from shared.ids import now_s
    from shared.services import collections

    kept = keep(member)
    old = keep(member, "dogs bark", collection_name="web-search-1")

    with db.transaction():
        assert collections.forget_searches(now_s() - 10) == 0
        assert collections.forget_searches(now_s() + 10) == 1

    wait_until(lambda: not texts_in(old), 5, "the vectors to go")
    assert texts_in(kept)


@pytest.mark.parametrize("loader", ["firecrawl", "tavily"])
def test_another_server_reads_nothing_of_our_own_network_for_a_user(member, web, loader):
    get_options().set({"WEB_LOADER_ENGINE": loader, "FIRECRAWL_API_BASE_URL": web.url})

    answer = member.post(f"{R}/process/web", {"url": "http://10.0.0.1/router"})

    assert answer.status_code == 400
    assert "may not be opened" in answer.json["detail"]
    assert web.asked == []
