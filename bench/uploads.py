"""Files that are made searchable: who else notices it, and how fast it is.

    python -m bench.uploads TEXT

embeds a text by nothing but the engine, cut as the product cuts it, and prints the seconds.
"""

import contextlib
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from bench.listening import gaps_ms
from bench.load.__main__ import percentiles
from bench.measures import Numbers
from bench.rig import Rig
from bench.server import ROOT

_FILES, _FILE_BYTES = 50, 20_000
_LISTS, _CHATS = 200, 60
_LONG_BYTES = 200_000
_BORDER = "bench-of-uploads"
_PATIENCE_S = 300
_WORDS = (
    *("harbour", "engine", "valve", "river", "bridge", "winter", "report", "market", "stone"),
    *("window", "teacher", "garden", "signal", "copper", "letter", "mountain", "doctor", "bread"),
    *("moves", "quickly", "under", "because", "often", "before", "carries", "between", "slowly"),
    *("answers", "remembers", "without", "never", "village", "journey", "paper", "engineer"),
)


def beside_uploads(rig: Rig) -> Numbers:
    """Another user's list and chat, alone and while many files come in at once."""
    token = rig.server.add_user(rig.token, 2_000_000 + time.monotonic_ns() % 1_000_000)
    for number in range(_CHATS):
        chat = {"title": f"Chat {number}", "history": {"messages": {}}, "messages": []}
        rig.server.call("POST", "/api/v1/chats/new", {"chat": chat}, token)
    _index(rig, _text(2_000))  # what is loaded once
    alone = _lists_ms(rig, token), gaps_ms(rig, token)
    uploads = [threading.Thread(target=_upload_some, args=(rig,)) for _ in range(_FILES)]
    for upload in uploads:
        upload.start()
    beside = _lists_ms(rig, token), gaps_ms(rig, token)
    was_under_way = any(upload.is_alive() for upload in uploads)
    _clear(rig)
    for upload in uploads:
        upload.join(_PATIENCE_S)
    if not was_under_way:
        rig.problems.append("the files were searchable before the other user was through")
    return {
        "uploads_list_ratio": _p(beside[0], "p95") / _p(alone[0], "p95"),
        "uploads_gap_ratio": _p(beside[1], "p99") / _p(alone[1], "p99"),
        "uploads_list_p95_ms": _p(beside[0], "p95"),
        "uploads_list_alone_p95_ms": _p(alone[0], "p95"),
        "uploads_gap_p99_ms": _p(beside[1], "p99"),
        "uploads_gap_alone_p99_ms": _p(alone[1], "p99"),
    }


def indexing(rig: Rig) -> Numbers:
    """The time of a job that makes a text searchable, against that of its engine alone."""
    text = _text(_LONG_BYTES)
    path = rig.folder / "text.txt"
    path.write_text(text)
    _index(rig, _text(2_000))
    # Before and after: what else the machine does changes meanwhile.
    bare = [_bare_s(rig, path)]
    ours = _index(rig, text)
    bare.append(_bare_s(rig, path))
    _clear(rig)
    return {"indexing_ratio": sum(bare) / 2 / ours, "indexing_s": ours, "bare_s": sum(bare) / 2}


def _p(values: list[float], which: str) -> float:
    return percentiles(values)[which]


def _lists_ms(rig: Rig, token: str) -> list[float]:
    """Read the list of chats again and again, as somebody does who looks around."""
    line = http.client.HTTPConnection("127.0.0.1", rig.server.port, timeout=60)
    took = []
    for _ in range(_LISTS):
        begin = time.monotonic_ns()
        line.request("GET", "/api/v1/chats/?page=1", headers={"Authorization": f"Bearer {token}"})
        answer = line.getresponse()
        answer.read()
        took.append((time.monotonic_ns() - begin) / 1e6)
        if answer.status != 200:
            raise RuntimeError(f"the list: {answer.status}")
        time.sleep(0.02)
    line.close()
    return took


def _upload(rig: Rig, text: str, query: str = "") -> Any:
    head = f'--{_BORDER}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    body = f"{head}{text}\r\n--{_BORDER}--\r\n".encode()
    kind = f"multipart/form-data; boundary={_BORDER}"
    path = f"/api/v1/files/{query}"
    return json.loads(rig.server.send("POST", path, body, rig.token, kind, _PATIENCE_S))


def _upload_some(rig: Rig) -> None:
    # Files are deleted while some of them are still waited for.
    with contextlib.suppress(RuntimeError):
        _upload(rig, _text(_FILE_BYTES))


def _index(rig: Rig, text: str) -> float:
    """Make a text searchable; gives the seconds from the upload until it is."""
    begin = time.monotonic()
    job_id = _upload(rig, text, "?process_in_background=true")["data"]["job"]
    while time.monotonic() < begin + _PATIENCE_S:
        job = rig.server.call("GET", f"/api/v1/jobs/{job_id}", token=rig.token)
        if job["status"] in ("completed", "failed", "cancelled"):
            break
        time.sleep(0.05)
    if job["status"] != "completed":
        raise RuntimeError(f"indexing: {job['status']}: {job['error']}")
    return time.monotonic() - begin


def _clear(rig: Rig) -> None:
    rig.server.call("DELETE", "/api/v1/files/all", token=rig.token)


def _text(size: int) -> str:
    """Write paragraphs of some words; no two texts are alike, or none would have to be embedded."""
    chance, lines, length = random.Random(), [], 0  # noqa: S311 -- no secret
    while length < size:
        line = " ".join(chance.choices(_WORDS, k=14)).capitalize() + "."
        lines.append(line + ("\n\n" if len(lines) % 6 == 5 else ""))
        length += len(lines[-1]) + 1
    return " ".join(lines)[:size]


def _bare_s(rig: Rig, path: Path) -> float:
    # It reads the product's options, and asks nothing else of it.
    env = {**os.environ, "DATA_DIR": str(rig.folder / "data"), "DATABASE_URL": "", "REDIS_URL": ""}
    done = subprocess.run(
        ["nice", "-n", "10", sys.executable, "-m", "bench.uploads", str(path)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"bench.uploads: {done.stderr[-500:]}")
    return float(done.stdout)


def main(path: Path) -> None:
    """Cut, embed, print."""
    from shared.config.options import get_options
    from workers.retrieval import parts
    from workers.retrieval.base import Extract
    from workers.retrieval.filling import BATCH

    get_options().work_alone()
    engine = parts.get_engine()
    texts = [chunk.text for chunk in parts.get_splitter().split(Extract(path.read_text()))]
    engine.embed(["warm"])
    begin = time.monotonic()
    for start in range(0, len(texts), BATCH):
        engine.embed(texts[start : start + BATCH])
    print(time.monotonic() - begin)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
