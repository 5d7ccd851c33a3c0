"""Measurement of batches: how fast they are against the direct way, and who waits for them."""

import http.client
import json
import threading
import time
from typing import Any

from bench.load.__main__ import percentiles
from bench.measures import Numbers
from bench.rig import Load, Rig
from shared.config.settings import Settings

# As a provider that takes its time: otherwise its own speed would be what is measured.
_LINES, _LATE_MS = 2400, 200
_AT_ONCE = Settings.model_fields["batch_concurrency"].default
_CHAT = "/v1/chat/completions"
_BOUNDARY = "bench-of-batches"


def batches(rig: Rig) -> Numbers:
    """Lines/s of a batch against as many direct requests at a time; time to first token beside
    it.
    """
    direct = _LINES / _direct(rig.fake.port)
    alone = _first_token_ms(rig)
    started = time.monotonic()
    batch = _start(rig)
    beside = _first_token_ms(rig)
    was_under_way = _show(rig, batch)["status"] == "in_progress"
    while (shown := _show(rig, batch))["status"] not in ("completed", "failed", "expired"):
        time.sleep(0.1)
    ours = _LINES / (time.monotonic() - started)
    # Before and after it: what else the machine does changes meanwhile.
    alone = (alone + _first_token_ms(rig)) / 2
    if shown["request_counts"]["completed"] != _LINES or not was_under_way:
        rig.problems.append(f"batches: {shown}")
    return {
        "batch_ratio": ours / direct,
        "batch_per_s": ours,
        "batch_direct_per_s": direct,
        "beside_batch_ratio": beside / alone,
        "beside_batch_ttft_ms": beside,
    }


def _first_token_ms(rig: Rig) -> float:
    outcome = rig.run(Load(40, 1, delay_ms=0, serial=True))
    return percentiles(outcome.result["ttft_ms"])["p50"]


def _body(number: int) -> dict[str, Any]:
    question = f"Line {number} of {time.monotonic_ns()}: say=word late={_LATE_MS}"
    return {"model": "fake-alpha", "messages": [{"role": "user", "content": question}]}


def _direct(port: int) -> float:
    """Ask the provider itself, as many at a time as a batch does; seconds for all."""
    numbers, lock = iter(range(_LINES)), threading.Lock()

    def work() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return line.close()
            line.request("POST", _CHAT, json.dumps(_body(number)))
            line.getresponse().read()

    threads = [threading.Thread(target=work) for _ in range(_AT_ONCE)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - started


def _start(rig: Rig) -> str:
    rows = [
        {"custom_id": str(n), "method": "POST", "url": _CHAT, "body": _body(n)}
        for n in range(_LINES)
    ]
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="'
    form = (
        f'{head}purpose"\r\n\r\nbatch\r\n{head}file"; filename="in.jsonl"\r\n\r\n'
        + "\n".join(map(json.dumps, rows))
        + f"\r\n--{_BOUNDARY}--\r\n"
    )
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    file = _call(rig, "POST", "/v1/files", form.encode(), kind)
    order = {"input_file_id": file["id"], "endpoint": _CHAT, "completion_window": "24h"}
    made = _call(rig, "POST", "/v1/batches", json.dumps(order).encode(), "application/json")
    return str(made["id"])


def _show(rig: Rig, batch: str) -> dict[str, Any]:
    return _call(rig, "GET", f"/v1/batches/{batch}", None, "application/json")


def _call(rig: Rig, method: str, path: str, body: bytes | None, kind: str) -> dict[str, Any]:
    line = http.client.HTTPConnection("127.0.0.1", rig.server.port, timeout=60)
    headers = {"Authorization": f"Bearer {rig.token}", "Content-Type": kind}
    line.request(method, path, body, headers)
    answer = line.getresponse()
    content = answer.read()
    line.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {content[:200]!r}")
    return dict(json.loads(content))
