"""Jobs of memories: each finds what is remembered about its user, and nothing else."""

from dataclasses import replace

import pytest

from tests.services.indexing import fail
from tests.services.searching import items_in, texts_in
from tests.services.waiting import wait_until
from workers.vectors import get_index

pytestmark = pytest.mark.usefixtures("engine", "worker")
MEMORIES = "/api/v1/memories"


def add(caller, content):
    return caller.post(f"{MEMORIES}/add", {"content": content}).json


def query(caller, content, **more):
    answer = caller.post(f"{MEMORIES}/query", {"content": content, **more})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_nearest_memories_are_found(member):
    tea, _ = add(member, "likes green tea"), add(member, "has two dogs")

    found = query(member, "which tea")
    both = query(member, "which tea", k=5)

    assert (found["ids"], found["documents"]) == ([[tea["id"]]], [["likes green tea"]])
    assert found["metadatas"][0][0]["created_at"] == tea["created_at"]
    assert 0.5 < found["distances"][0][0] <= 1
    assert len(both["ids"][0]) == 2


def test_nobody_finds_what_is_remembered_about_others(member, other):
    add(other, "likes green tea")

    assert query(member, "green tea")["ids"] == [[]]


def test_a_changed_memory_is_found_by_its_new_words(member):
    memory = add(member, "likes tea")

    member.post(f"{MEMORIES}/{memory['id']}/update", {"content": "likes coffee"})

    assert query(member, "coffee")["documents"] == [["likes coffee"]]


def test_what_is_forgotten_is_not_found(member):
    collection = f"user-memory-{member.id}"
    one, _, _ = add(member, "one"), add(member, "two"), add(member, "three")

    member.delete(f"{MEMORIES}/{one['id']}")
    wait_until(lambda: sorted(texts_in(collection)) == ["three", "two"], 10, "one is gone")
    member.delete(f"{MEMORIES}/delete/user")
    wait_until(lambda: texts_in(collection) == [], 10, "all are gone")


def test_a_reset_makes_all_searchable_anew(member, engine):
    add(member, "one")
    engine.name, engine.dim = "fake/other", 16

    assert member.post(f"{MEMORIES}/reset").json is True

    assert query(member, "one")["documents"] == [["one"]]


def test_a_reset_whose_engine_does_not_work_leaves_all_searchable(each_database, member, engine):
    add(member, "one")
    engine.before = fail

    assert member.post(f"{MEMORIES}/reset").json is True

    assert texts_in(f"user-memory-{member.id}") == ["one"]


def test_a_reset_clears_away_what_nobody_remembers(each_database, member):
    add(member, "one")
    collection = f"user-memory-{member.id}"
    [item] = items_in(collection)
    get_index().put(collection, [replace(item, id="long gone", text="gone")])

    member.post(f"{MEMORIES}/reset")

    assert texts_in(collection) == ["one"]
