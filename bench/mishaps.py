"""Measurements of what goes otherwise than planned: a cancel, a killed worker, a late reader."""

import os
import signal
import socket
import time

from bench.load import wire
from bench.load.doors import TOKEN
from bench.measures import Numbers
from bench.rig import Load, Rig
from tests.services.waiting import wait_until

_TRIALS = 40
_LONG_WORDS = 10_000


def cancel(rig: Rig) -> Numbers:
    """From the request to cancel until the provider sees the closed connection."""
    return {"cancel_ms": [_cancel_one(rig, number) for number in range(_TRIALS)]}


def _cancel_one(rig: Rig, number: int) -> float:
    closed = len(rig.fake.stats()["closed_ns"])
    host, address = f"127.0.0.1:{rig.server.port}", ("127.0.0.1", rig.server.port)
    asked = f"Number {number} of {time.monotonic_ns()}: stamp=1 endless=1 delay=20"
    body = {"model": rig.model, "messages": [{"role": "user", "content": asked}], "stream": True}
    with socket.create_connection(address) as stream, socket.create_connection(address) as other:
        stream.settimeout(20)
        stream.sendall(wire.post(host, "/api/chat/completions", body, rig.token))
        heard = b""
        while len(TOKEN.findall(heard)) < 3:
            heard += _more(stream)
        job = wire.parse_head(heard)[1]["x-job-id"]
        sent = time.monotonic_ns()
        other.sendall(wire.post(host, f"/api/v1/jobs/{job}/cancel", {}, rig.token))
        times = wait_until(lambda: rig.fake.stats()["closed_ns"][closed:], 10, "the provider")
        while not heard.endswith(b"0\r\n\r\n"):
            heard += _more(stream)
    return float(times[0] - sent) / 1e6


def _more(stream: socket.socket) -> bytes:
    data = stream.recv(65_536)
    if not data:
        raise OSError(f"port {stream.getpeername()[1]} has closed in the middle")
    return data


def kill(rig: Rig) -> Numbers:
    """Kill the worker under its streams: when does each go on?"""
    killed_ns = 0

    def shoot() -> None:
        nonlocal killed_ns
        if not killed_ns:
            time.sleep(0.5)
            killed_ns = time.monotonic_ns()
            os.kill(rig.server.main_process("inference"), signal.SIGKILL)

    result = rig.run(Load(20, 150, door="job"), shoot).result
    rig.look_again()
    gaps = [(then - killed_ns) / 1e9 for then in result["resumed_ns"] if then]
    if len(gaps) < len(result["resumed_ns"]):
        raise RuntimeError(f"only {len(gaps)} of {len(result['resumed_ns'])} streams were resumed")
    return {"kill_s": max(gaps), "kill_first_s": min(gaps)}


def resume(rig: Rig) -> Numbers:
    """Read a long answer again from its beginning."""
    if not rig.long_job:
        rig.long_job = _write_long(rig)
    found = [_read_long(rig) for _ in range(5)]
    return {"resume_ms": [ms for ms, _ in found], "resume_events": float(found[0][1])}


def _write_long(rig: Rig) -> str:
    asked = f"Long {time.monotonic_ns()}: stamp=1 tokens={_LONG_WORDS - 2} delay=1"
    messages = [{"role": "user", "content": asked}]
    body = {"model": rig.model, "messages": messages, "stream": True, "background": True}
    job = str(rig.server.call("POST", "/api/chat/completions", body, rig.token)["job"])

    def is_done() -> bool:
        row = rig.server.call("GET", f"/api/v1/jobs/{job}", token=rig.token)
        return bool(row["status"] == "completed")

    wait_until(is_done, 60, "the long answer", every_s=0.5)
    return job


def _read_long(rig: Rig) -> tuple[float, int]:
    host, path = f"127.0.0.1:{rig.server.port}", f"/api/v1/jobs/{rig.long_job}/events?after=0"
    parts: list[bytes] = []
    begin = time.monotonic_ns()
    with socket.create_connection(("127.0.0.1", rig.server.port)) as stream:
        stream.settimeout(20)
        stream.sendall(wire.get(host, path, rig.token))
        while not parts or not (b"".join(parts[-2:])).endswith(b"0\r\n\r\n"):
            parts.append(_more(stream))
    took = (time.monotonic_ns() - begin) / 1e6
    data = b"".join(parts)
    words, events = len(set(TOKEN.findall(data))), data.count(b'"seq":')
    if words != _LONG_WORDS:
        raise RuntimeError(f"{words} words of {_LONG_WORDS} came back")
    return took, events
