"""A chat beside recordings that are written down: does it stumble?"""

import itertools
import json
import socket
import time

from bench.load import wire
from bench.load.__main__ import percentiles
from bench.load.doors import TOKEN
from bench.measures import Numbers
from bench.rig import Rig

_WORDS, _DELAY_MS = 400, 20
_SENTENCE = "Please open the window and close the door, and then come back to the table. "
# Two that are long, and two that are soon done: both queues of the CPU are busy.
_COPIES = (60, 60, 12, 12)
_BORDER = "bench-border"


def beside_listening(rig: Rig) -> Numbers:
    """Time between the words of one chat, alone and while four recordings are written down."""
    speech = _spoken(rig)
    alone = gaps_ms(rig, rig.token)
    jobs = [_listen(rig, speech * copies) for copies in _COPIES]
    beside = gaps_ms(rig, rig.token)
    rows = [rig.server.call("GET", f"/api/v1/jobs/{job}", token=rig.token) for job in jobs]
    for job in jobs:
        rig.server.call("POST", f"/api/v1/jobs/{job}/cancel", token=rig.token)
    if not any(row["status"] in ("running", "queued") for row in rows):
        raise RuntimeError("the recordings were written down before the chat was through")
    ours, others = percentiles(beside)["p99"], percentiles(alone)["p99"]
    return {"gap_ratio": ours / others, "gap_p99_ms": ours, "gap_alone_p99_ms": others}


def gaps_ms(rig: Rig, token: str) -> list[float]:
    """Give the milliseconds between the words of one chat of a user."""
    asked = f"Gaps {time.monotonic_ns()}: stamp=1 tokens={_WORDS - 2} delay={_DELAY_MS}"
    body = {"model": rig.model, "messages": [{"role": "user", "content": asked}], "stream": True}
    host, seen, times = f"127.0.0.1:{rig.server.port}", 0, []
    heard = b""
    with socket.create_connection(("127.0.0.1", rig.server.port)) as stream:
        stream.settimeout(20)
        stream.sendall(wire.post(host, "/api/chat/completions", body, token))
        while not heard.endswith(b"0\r\n\r\n"):
            heard += stream.recv(65_536)
            now, count = time.monotonic_ns(), len(TOKEN.findall(heard))
            times += [now] * (count - seen)
            seen = count
    return [(after - before) / 1e6 for before, after in itertools.pairwise(times)]


def _spoken(rig: Rig) -> bytes:
    body = json.dumps({"input": _SENTENCE}).encode()
    return rig.server.send("POST", "/v1/audio/speech", body, rig.token, "application/json", 60)


def _listen(rig: Rig, speech: bytes) -> str:
    flag = 'Content-Disposition: form-data; name="background"\r\n\r\ntrue\r\n'
    file = 'Content-Disposition: form-data; name="file"; filename="speech.mp3"\r\n\r\n'
    head = f"--{_BORDER}\r\n{flag}--{_BORDER}\r\n{file}"
    body = head.encode() + speech + f"\r\n--{_BORDER}--\r\n".encode()
    kind = f"multipart/form-data; boundary={_BORDER}"
    answer = rig.server.send("POST", "/v1/audio/transcriptions", body, rig.token, kind, 60)
    return str(json.loads(answer)["job"])
