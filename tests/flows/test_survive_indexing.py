"""Files become searchable by real processes, whatever happens to them meanwhile."""

from typing import Any

from sqlalchemy import create_engine, select

from shared.config.settings import load
from shared.models.chunk import Chunk
from tests.services.client import Account, add_user, signup
from tests.services.stack import Stack
from tests.services.waiting import wait_until

STACK = {"compute": 1, "quick": 1, "env": {"CHUNK_SIZE": "400", "CHUNK_OVERLAP": "0"}}
PARAGRAPHS = [f"Paragraph {n} tells of machine {n}. " + "It runs well. " * 20 for n in range(160)]


def upload(account: Account, text: str, name: str = "manual.txt", query: str = "") -> Any:
    form = {"file": (name, text.encode())}
    answer = account.api("POST", f"/api/v1/files/{query}", files=form, timeout=90)
    assert answer.status_code == 200, answer.text
    return answer.json()


def chunks_of(stack: Stack, file_id: str, database: str = "") -> list[str]:
    """Read what the index holds of a file."""
    url = load({"DATABASE_URL": database, "DATA_DIR": str(stack.data)}).sqlalchemy_url
    engine = create_engine(url)
    with engine.connect() as connection:
        query = select(Chunk.text).where(Chunk.collection == f"file-{file_id}")
        found = list(connection.scalars(query.order_by(Chunk.id)))
    engine.dispose()
    return found


def test_an_upload_is_answered_when_it_can_be_searched(stack: Stack, alice: Account):
    file = upload(alice, "The cat sleeps on the warm stove.")

    assert file["data"]["status"] == "completed", file
    assert file["meta"]["collection_name"] == f"file-{file['id']}"
    assert chunks_of(stack, file["id"]) == ["The cat sleeps on the warm stove."]


def test_an_answer_cites_what_an_upload_says(alice: Account):
    text = "The stove was built in 1871.\n\nThe cellar has two doors. " + "It is damp there. " * 30
    file = upload(alice, text)
    body = {
        "model": alice.model(),
        "messages": [{"role": "user", "content": "how old is the oven? tokens=3"}],
        "files": [{"type": "file", "id": file["id"], "name": "manual.txt"}],
        "stream": False,
    }

    answer = alice.api("POST", "/api/chat/completions", body, timeout=60)

    [source] = answer.json()["sources"]
    assert "built in 1871" in source["document"][0]


def test_a_memory_is_found_by_its_meaning(alice: Account):
    for content in ("My dog is called Rex.", "I work as a baker.", "I am allergic to nuts."):
        alice.api("POST", "/api/v1/memories/add", {"content": content})

    answer = alice.api("POST", "/api/v1/memories/query", {"content": "the name of my pet"})

    assert answer.json()["documents"] == [["My dog is called Rex."]]


def test_a_worker_killed_while_indexing_loses_and_doubles_nothing(new_stack, database: str):
    stack = new_stack(compute=1, database_url=database, env=STACK["env"])
    alice = signup(stack.base)
    query = "?process_in_background=true"
    file = upload(alice, "\n\n".join(PARAGRAPHS), query=query)
    reader = alice.reader(file["data"]["job"])
    wait_until(
        lambda: len(chunks_of(stack, file["id"], database)) >= 32,
        60,
        "the first chunks to be there",
    )

    stack.compute[0].restart()

    reader.finish(200)
    reader.assert_unbroken()
    assert reader.end == "completed", reader.events[-1]
    assert "restarted" in reader.types
    done = [
        e["data"]["done"] for e in reader.events if e["type"] == "progress" and e["attempt"] == 2
    ]
    assert done[1] >= 32, "what was embedded before is not embedded again"
    chunks = chunks_of(stack, file["id"], database)
    assert chunks == [paragraph.strip() for paragraph in PARAGRAPHS]


def test_a_deleted_file_leaves_nothing(stack: Stack, alice: Account):
    file = upload(alice, "soon gone")

    alice.api("DELETE", f"/api/v1/files/{file['id']}")

    path = stack.data / "uploads" / file["path"]
    wait_until(lambda: not path.exists(), 10, "the object is gone")
    wait_until(lambda: chunks_of(stack, file["id"]) == [], 10, "the vectors are gone")


def test_a_large_upload_takes_no_memory_of_the_web_process(stack: Stack, alice: Account):
    bob = add_user(alice)
    before = stack.web[0].rss_bytes()

    file = upload(bob, "x" * 100_000_000, "large.bin", "?process=false")

    assert file["meta"]["size"] == 100_000_000
    assert stack.web[0].rss_bytes() - before < 20_000_000
    bob.api("DELETE", f"/api/v1/files/{file['id']}")
