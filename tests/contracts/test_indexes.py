"""One suite over all indexes of vectors."""

import numpy as np
import pytest

from shared.errors import Invalid
from workers.vectors import exact, words
from workers.vectors.base import Item
from workers.vectors.pgvector import PgvectorFinder
from workers.vectors.qdrant import QdrantFinder
from workers.vectors.stored import StoredIndex

pytestmark = [
    pytest.mark.usefixtures("world"),
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
]
EAST, NORTH, UP = np.eye(3, dtype=np.float32)
NORTH_EAST = np.array([0.8, 0.6, 0.0], dtype=np.float32)


@pytest.fixture(params=["sqlite", "large", "postgres", "pgvector", "qdrant"])
def index(request, monkeypatch):
    """Each index, empty: `large` keeps a byte a number even of few."""
    if request.param in ("postgres", "pgvector"):
        request.getfixturevalue("on_postgres")
    if request.param == "large":
        monkeypatch.setattr(exact, "_LARGE", 0)
    made = _FINDERS.get(request.param, exact.ExactFinder)
    index = StoredIndex(made())
    index.reset()
    return index


def _qdrant():
    """Its client's local mode: a real one is not to be had here."""
    from qdrant_client import QdrantClient

    return QdrantFinder(QdrantClient(":memory:"))


_FINDERS = {"pgvector": PgvectorFinder, "qdrant": _qdrant}


def item(name, vector, file_id="f"):
    return Item(name, f"text of {name}", vector, {"file_id": file_id, "page": 3})


def found(index, vector, *collections, limit=10, file_id=None):
    return [match.id for match in index.search(collections, vector, limit, file_id)]


def test_the_nearest_come_first_with_their_likeness(index):
    index.put("c", [item("north", NORTH), item("east", EAST), item("up", UP)])

    matches = index.search(["c"], NORTH_EAST, 2)

    assert [match.id for match in matches] == ["east", "north"]
    assert [match.score for match in matches] == pytest.approx([0.8, 0.6])
    assert (matches[0].text, matches[0].meta) == ("text of east", {"file_id": "f", "page": 3})


def test_only_the_named_collections_are_searched(index):
    index.put("a", [item("x", EAST)])
    index.put("b", [item("x", NORTH)])
    index.put("c", [item("z", EAST)])

    assert found(index, NORTH_EAST, "a", "b") == ["x", "x"]
    assert found(index, EAST, "nowhere") == []


def test_only_a_files_items_are_searched_when_it_is_named(index):
    index.put("c", [item("one", EAST, "f1"), item("two", EAST, "f2")])

    assert found(index, EAST, "c", file_id="f2") == ["two"]


def test_items_may_be_replaced_by_vectors_of_another_length(index):
    index.put("c", [item("x", EAST), item("y", NORTH)])
    index.put("d", [item("x", EAST)])
    assert found(index, EAST, "c") == ["x", "y"]
    long = np.eye(4, dtype=np.float32)

    index.replace("c", [item("x", long[0]), item("y", long[1])])

    assert found(index, long[1], "c") == ["y", "x"]
    assert found(index, EAST, "c", "d") == ["x"]
    assert [len(one.vector) for one in index.get("c", ["x", "y"])] == [4, 4]


def test_an_item_with_the_same_id_is_replaced(index):
    index.put("c", [item("x", EAST)])
    index.put("c", [item("x", NORTH), item("y", EAST)])

    assert index.ids("c") == ["x", "y"]
    assert found(index, NORTH, "c", limit=1) == ["x"]


def test_items_are_given_with_their_vectors(index):
    index.put("c", [item("x", EAST), item("y", NORTH)])

    given = index.get("c", ["y", "nowhere", "x"])

    assert [one.id for one in given] == ["y", "x"]
    assert given[0].vector.tolist() == NORTH.tolist()
    assert given[0].meta == {"file_id": "f", "page": 3}


def test_vectors_of_another_length_are_refused(index):
    index.put("c", [item("x", EAST)])

    with pytest.raises(Invalid, match="another model"):
        index.put("c", [item("y", np.ones(4, dtype=np.float32) / 2)])
    assert index.ids("c") == ["x"]


def test_a_question_of_another_length_finds_nothing(index):
    index.put("c", [item("x", EAST)])

    assert found(index, np.ones(4, dtype=np.float32) / 2, "c") == []


def test_items_are_deleted_one_by_one_by_file_and_as_a_whole(index):
    index.put("c", [item("x", EAST, "f1"), item("y", EAST, "f2"), item("z", EAST, "f2")])
    index.put("d", [item("x", EAST, "f2")])

    index.delete("c", ["z", "nowhere"])
    assert index.ids("c") == ["x", "y"]
    index.delete_file("c", "f2")
    assert (index.ids("c"), index.ids("d")) == (["x"], ["x"])
    index.drop("c")
    index.drop("nowhere")
    assert (index.ids("c"), index.ids("d")) == ([], ["x"])
    index.reset()
    assert index.ids("d") == []


def test_the_ids_of_a_file_are_told(index):
    index.put("c", [item("x", EAST, "f1"), item("y", EAST, "f2")])

    assert index.ids("c", "f2") == ["y"]


def test_more_items_than_fit_into_a_statement_are_kept(index):
    index.put("c", [item(f"{n:04}", EAST) for n in range(1200)])

    ids = index.ids("c")
    assert len(ids) == len(index.get("c", ids)) == 1200
    index.delete("c", ids)
    assert index.ids("c") == []


def test_what_another_process_adds_and_deletes_is_noticed(index):
    index.put("c", [item("x", EAST)])
    assert found(index, EAST, "c") == ["x"]

    index.put("c", [item("y", NORTH_EAST)])
    assert found(index, EAST, "c") == ["x", "y"]
    index.delete("c", ["x"])
    assert found(index, EAST, "c") == ["y"]


@pytest.mark.usefixtures("each_database")
def test_chunks_are_found_by_their_words():
    index = StoredIndex(exact.ExactFinder())
    cats = Item("cats", "Cats were sleeping on the roof", EAST, {"file_id": "f"})
    index.put("c-1", [cats, item("other", NORTH)])
    index.put("d", [cats])

    assert [p.id for p in words.search(["c-1"], "where does the cat sleep?", 5)] == ["cats"]
    assert words.search(["c-1"], "the", 5) == []
    assert words.search(["nowhere"], "cats", 5) == []
    assert {p.collection for p in words.search(["c-1", "d"], 'cats "roof (', 5)} == {"c-1", "d"}
    index.delete("c-1", ["cats"])
    assert words.search(["c-1"], "cats", 5) == []
