"""Memories over HTTP: each has his own."""

import pytest

# Each answer waits a moment for the job that makes a memory searchable.
pytestmark = pytest.mark.usefixtures("engine", "worker")
MEMORIES = "/api/v1/memories"


def add(caller, content="likes tea"):
    answer = caller.post(f"{MEMORIES}/add", {"content": content})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_what_is_remembered_is_listed_oldest_first(each_database, member, other):
    first, second = add(member, "one"), add(member, "two")
    add(other, "theirs")

    assert member.get(f"{MEMORIES}/").json == [first, second]
    assert (first["content"], first["user_id"]) == ("one", member.id)
    assert set(first) == {"id", "user_id", "content", "created_at", "updated_at"}


def test_a_memory_is_changed_by_its_owner_only(member, other, admin):
    memory = add(member)
    url = f"{MEMORIES}/{memory['id']}/update"

    assert member.post(url, {"content": "likes coffee"}).json["content"] == "likes coffee"
    assert member.post(url, {}).json["content"] == "likes coffee"
    assert other.post(url, {"content": "x"}).status_code == 404
    assert admin.post(url, {"content": "x"}).status_code == 404
    assert member.post(f"{MEMORIES}/nowhere/update", {"content": "x"}).status_code == 404


def test_an_empty_memory_is_refused(member):
    assert member.post(f"{MEMORIES}/add", {"content": ""}).status_code == 422
    assert member.post(f"{MEMORIES}/add", {}).status_code == 422


def test_a_memory_is_forgotten_by_its_owner_only(each_database, member, other):
    memory = add(member)

    assert other.delete(f"{MEMORIES}/{memory['id']}").status_code == 404
    assert member.delete(f"{MEMORIES}/{memory['id']}").json is True
    assert member.get(f"{MEMORIES}/").json == []


def test_everything_is_forgotten_at_once(member, other):
    add(member)
    theirs = add(other)

    assert member.delete(f"{MEMORIES}/delete/user").json is True

    assert member.get(f"{MEMORIES}/").json == []
    assert other.get(f"{MEMORIES}/").json == [theirs]
