"""The `openai` library, unmodified, uploads a file, runs it as a batch, and reads the answers."""

import json
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.responses import Response

from tests.fakes.openai_server import FakeOpenAI, answer_for
from tests.services.client import Account
from tests.services.waiting import wait_until

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def v1(alice: Account) -> OpenAI:
    return OpenAI(base_url=alice.base + "/v1", api_key=alice.token, max_retries=0, timeout=20)


def line(number: int, question: str, **more: Any) -> dict[str, Any]:
    body = {"model": "fake-alpha", "messages": [{"role": "user", "content": question}]}
    return {"custom_id": f"line-{number}", "method": "POST", "url": CHAT, "body": body, **more}


def upload(client: OpenAI, *lines: Any) -> str:
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    return client.files.create(file=("in.jsonl", text.encode()), purpose="batch").id


def start(client: OpenAI, *lines: Any, **more: Any) -> str:
    options = {"endpoint": CHAT, "completion_window": "24h", **more}
    return client.batches.create(input_file_id=upload(client, *lines), **options).id


def ended(client: OpenAI, batch_id: str) -> Any:
    def look() -> Any:
        batch = client.batches.retrieve(batch_id)
        return batch if batch.status in ("completed", "failed", "expired", "cancelled") else None

    return wait_until(look, 30, "the batch to end")


def read(client: OpenAI, file_id: str) -> list[dict[str, Any]]:
    return [json.loads(row) for row in client.files.content(file_id).text.splitlines()]


def test_a_batch_answers_every_line(v1: OpenAI):
    questions = [f"number {n} tokens=2 delay=0" for n in range(40)]

    batch = ended(v1, start(v1, *map(line, range(40), questions), metadata={"for": "a test"}))

    assert (batch.status, batch.metadata, batch.errors) == ("completed", {"for": "a test"}, None)
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed) == (40, 40, 0)
    assert batch.created_at <= batch.in_progress_at <= batch.finalizing_at <= batch.completed_at
    assert batch.expires_at - batch.created_at == 86_400
    assert batch.error_file_id is None
    rows = read(v1, batch.output_file_id)
    assert [row["custom_id"] for row in rows] == [f"line-{n}" for n in range(40)]
    for row, question in zip(rows, questions, strict=True):
        body = row["response"]["body"]
        assert (row["error"], row["response"]["status_code"]) == (None, 200)
        assert body["choices"][0]["message"]["content"] == answer_for(question)
        assert body["model"] == "fake-alpha"


def test_lines_that_cannot_be_answered_come_into_the_error_file(v1: OpenAI):
    lost = line(2, "hello")
    lost["body"]["model"] = "nobody"

    batch = ended(v1, start(v1, line(1, "good tokens=1"), lost, line(3, "bad fail=400")))

    counts = batch.request_counts
    assert (batch.status, counts.completed, counts.failed) == ("completed", 1, 2)
    assert [row["custom_id"] for row in read(v1, batch.output_file_id)] == ["line-1"]
    errors = read(v1, batch.error_file_id)
    assert [(e["custom_id"], e["response"]["status_code"]) for e in errors] == [
        ("line-2", 404),
        ("line-3", 400),
    ]
    assert "nobody" in errors[0]["response"]["body"]["error"]["message"]


@pytest.mark.parametrize(
    ("rows", "code", "place"),
    [
        (["no json"], "invalid_json_line", 1),
        ([line(1, "x"), "[1]"], "invalid_json_line", 2),
        ([line(1, "x"), line(1, "y")], "duplicate_custom_id", None),
        ([line(1, "x", url="/v1/other")], "mismatched_url", 1),
        ([line(1, "x", method="GET")], "invalid_method", 1),
        ([line(1, "x", custom_id=7)], "invalid_custom_id", 1),
        ([line(1, "x", body={"messages": []})], "invalid_request", 1),
        ([line(1, "x", body="no")], "invalid_request", 1),
        (["", "  "], "empty_file", None),
    ],
)
def test_an_input_of_the_wrong_form_fails_the_batch(v1: OpenAI, rows, code, place):
    batch = ended(v1, start(v1, *rows))

    assert batch.status == "failed"
    assert (batch.errors.data[0].code, batch.errors.data[0].line) == (code, place)
    assert batch.output_file_id is None


def test_a_batch_can_be_cancelled_and_keeps_what_is_answered(v1: OpenAI):
    fast = [line(n, f"fast {n} tokens=1 delay=0") for n in range(5)]
    slow = [line(n, f"slow {n} hang_head=1") for n in range(5, 60)]
    batch_id = start(v1, *fast, *slow)
    wait_until(lambda: v1.batches.retrieve(batch_id).request_counts.completed == 5, 20, "five")

    told = v1.batches.cancel(batch_id)
    batch = ended(v1, batch_id)

    assert told.status in ("cancelling", "cancelled")
    assert (batch.status, batch.request_counts.completed) == ("cancelled", 5)
    assert batch.cancelling_at <= batch.cancelled_at
    assert len(read(v1, batch.output_file_id)) == 5
    with pytest.raises(openai.BadRequestError):
        v1.batches.cancel(batch_id)


def test_a_pause_that_the_provider_wants_is_kept_by_all_lines(v1: OpenAI, provider: FakeOpenAI):
    provider.control(fail=429, retry=1)
    earlier = len(provider.log())
    batch_id = start(v1, *[line(n, f"often {n} tokens=1 delay=0") for n in range(50)])
    wait_until(lambda: any("often" in str(r.get("question")) for r in provider.log()), 20, "one")
    complaints = len(provider.log()) - earlier

    provider.control(fail=None, retry=None)
    batch = ended(v1, batch_id)

    assert (batch.status, batch.request_counts.completed) == ("completed", 50)
    assert complaints <= 40, "the first complaint stops all"


def test_embeddings_are_answered_in_batches(v1: OpenAI):
    body = {"model": "fake-alpha", "input": "hello"}
    one = {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": body}

    batch = ended(v1, start(v1, one, endpoint="/v1/embeddings"))

    (row,) = read(v1, batch.output_file_id)
    assert row["response"]["body"]["data"][0]["embedding"]


def test_responses_are_answered_in_batches_by_any_model(v1: OpenAI):
    def one(number: int, **body: Any) -> dict[str, Any]:
        return line(number, "", url="/v1/responses", body={"model": "fake-alpha", **body})

    rows = [one(1, input="say=one+two", instructions="Be brief.", metadata={"a": "b"})]
    rows += [one(2, input="x", previous_response_id="resp_x"), one(3), one(4, input=7)]
    batch = ended(v1, start(v1, *rows, endpoint="/v1/responses"))

    assert (batch.request_counts.completed, batch.request_counts.failed) == (1, 3)
    (row,) = read(v1, batch.output_file_id)
    found = Response.model_validate(row["response"]["body"])
    assert (found.object, found.status, found.output_text) == ("response", "completed", "one two")
    assert (found.metadata, found.model) == ({"a": "b"}, "fake-alpha")
    assert found.usage
    assert found.usage.output_tokens > 0
    errors = [row["response"] for row in read(v1, batch.error_file_id)]
    assert {error["status_code"] for error in errors} == {400}


def test_batches_are_listed_page_by_page(v1: OpenAI):
    made = [start(v1, line(n, "listed tokens=1")) for n in range(3)]

    page = v1.batches.list(limit=2)
    everything = [batch.id for batch in v1.batches.list(limit=2)]

    assert [batch.id for batch in page.data] == made[:0:-1]
    assert page.has_more
    assert everything[:3] == made[::-1]


def test_files_are_listed_shown_and_deleted(v1: OpenAI):
    file_id = upload(v1, line(1, "x"))

    shown = v1.files.retrieve(file_id)
    listed = [file.id for file in v1.files.list(purpose="batch", limit=2)]
    deleted = v1.files.delete(file_id)

    assert (shown.purpose, shown.filename, shown.status) == ("batch", "in.jsonl", "processed")
    assert shown.bytes == len(json.dumps(line(1, "x")))
    assert file_id in listed
    assert deleted.deleted
    with pytest.raises(openai.NotFoundError):
        v1.files.retrieve(file_id)


def test_files_last_as_long_as_was_asked(v1: OpenAI):
    hour = {"anchor": "created_at", "seconds": 3600}
    content = json.dumps(line(1, "x tokens=1")).encode()
    file = v1.files.create(file=("in.jsonl", content), purpose="batch", expires_after=hour)

    made = v1.batches.create(
        input_file_id=file.id, endpoint=CHAT, completion_window="24h", output_expires_after=hour
    )
    output = v1.files.retrieve(ended(v1, made.id).output_file_id)

    assert [one.expires_at - one.created_at for one in (file, output)] == [3600, 3600]
    with pytest.raises(openai.BadRequestError, match="seconds"):
        short = {"anchor": "created_at", "seconds": 5}
        v1.files.create(file=("in.jsonl", content), purpose="batch", expires_after=short)


def test_what_is_no_batch_is_refused_in_words(v1: OpenAI):
    with pytest.raises(openai.BadRequestError, match="purpose"):
        v1.files.create(file=("x.jsonl", b"{}"), purpose="fine-tune")
    with pytest.raises(openai.NotFoundError):
        v1.batches.create(input_file_id="nowhere", endpoint=CHAT, completion_window="24h")
    file_id = upload(v1, line(1, "x"))
    with pytest.raises(openai.BadRequestError, match="completion_window"):
        v1.batches.create(input_file_id=file_id, endpoint=CHAT, completion_window="soon")
    with pytest.raises(openai.BadRequestError, match="endpoint"):
        v1.batches.create(input_file_id=file_id, endpoint="/v1/moderations", completion_window="1h")
    with pytest.raises(openai.NotFoundError):
        v1.batches.retrieve("nowhere")
