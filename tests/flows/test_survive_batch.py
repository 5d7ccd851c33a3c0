"""A batch loses no line and answers none twice, whoever dies in between."""

import json
from collections import Counter
from typing import Any

import httpx

from tests.services.client import Account, signup
from tests.services.stack import Stack
from tests.services.waiting import wait_until

_LINES = 2000
CHAT = "/v1/chat/completions"


def start(account: Account, count: int, words: str) -> str:
    rows = [
        {
            "custom_id": f"line-{n}",
            "method": "POST",
            "url": CHAT,
            "body": {
                "model": "fake-alpha",
                "messages": [{"role": "user", "content": f"number {n} {words}"}],
            },
        }
        for n in range(count)
    ]
    content = "\n".join(map(json.dumps, rows)).encode()
    files, form = {"file": ("in.jsonl", content)}, {"purpose": "batch"}
    answer = httpx.post(
        account.base + "/v1/files", files=files, data=form, headers=account.headers, timeout=30
    )
    assert answer.status_code == 200, answer.text
    form = {"input_file_id": answer.json()["id"], "endpoint": CHAT, "completion_window": "24h"}
    answer = account.api("POST", "/v1/batches", form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def batch_of(account: Account, batch_id: str) -> dict[str, Any]:
    return dict(account.get(f"/v1/batches/{batch_id}"))


def wait_for_lines(account: Account, batch_id: str, count: int) -> None:
    wait_until(
        lambda: batch_of(account, batch_id)["request_counts"]["completed"] >= count,
        60,
        f"{count} lines",
    )


def output_of(account: Account, batch: dict[str, Any]) -> list[dict[str, Any]]:
    answer = account.api("GET", f"/v1/files/{batch['output_file_id']}/content")
    return [json.loads(row) for row in answer.text.splitlines()]


def ended(account: Account, batch_id: str) -> dict[str, Any]:
    states = ("completed", "failed", "expired", "cancelled")

    def look() -> dict[str, Any] | None:
        batch = batch_of(account, batch_id)
        return batch if batch["status"] in states else None

    return dict(wait_until(look, 90, "the batch to end"))


def test_of_2000_lines_none_is_lost_and_none_is_there_twice(new_stack):
    stack: Stack = new_stack(env={"JOB_LEASE_S": "1", "BATCH_CONCURRENCY": "4"})
    stack.allow(r"ConnectionError", r"Connection", r"TimeoutError", r"RedisError")
    alice = signup(stack.base)
    alice.model()
    batch_id = start(alice, _LINES, "tokens=2")

    for share, process in (
        (1, stack.inference[0]),
        (2, stack.web[0]),
        (3, stack.valkey),
        (4, stack.inference[0]),
    ):
        wait_for_lines(alice, batch_id, share * _LINES // 6)
        process.kill()
        process.restart() if process is stack.valkey else process.start()
    batch = ended(alice, batch_id)

    assert batch["status"] == "completed", batch
    assert batch["request_counts"] == {"total": _LINES, "completed": _LINES, "failed": 0}
    rows = output_of(alice, batch)
    counts = Counter(row["custom_id"] for row in rows)
    assert set(counts) == {f"line-{n}" for n in range(_LINES)}
    assert set(counts.values()) == {1}
    assert all(row["response"]["status_code"] == 200 for row in rows)
    requests = sum(row["requests"] for row in alice.get("/api/v1/usage")["items"])
    assert requests == _LINES


def test_a_batch_that_is_handed_over_goes_on_where_it_was(new_stack):
    stack: Stack = new_stack(env={"SHUTDOWN_GRACE_S": "0", "BATCH_CONCURRENCY": "2"})
    alice = signup(stack.base)
    alice.model()
    batch_id = start(alice, 1000, "tokens=2")
    wait_for_lines(alice, batch_id, 40)

    stack.inference[0].stop()
    before = batch_of(alice, batch_id)["request_counts"]["completed"]
    stack.inference[0].start()
    batch = ended(alice, batch_id)

    assert 40 <= before < 1000
    assert batch["request_counts"]["completed"] == 1000
    assert len({row["custom_id"] for row in output_of(alice, batch)}) == 1000
    reader = alice.follow(batch["job"])
    progress = [e["data"]["done"] for e in reader.events if e["type"] == "progress"]
    assert progress == sorted(progress)
    assert progress[-1] == 1000
