"""What a stream filter costs: the same streams without it and with it, its process counted in."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from bench import meter
from bench.measures import Numbers, steady
from bench.rig import Load, Rig
from tests.services.waiting import wait_until

_ID = "bench_filter"
_AREA = "/api/v1/functions"
# It looks into every piece, and leaves all but one word as it is: the load client checks them.
_SOURCE = """
class Filter:
    def __init__(self):
        self.letters = 0

    def stream(self, event: dict) -> dict:
        for choice in event.get("choices", []):
            text = choice.get("delta", {}).get("content") or ""
            self.letters += len(text)
            if text == "unfiltered":
                choice["delta"]["content"] = "filtered"
        return event
"""
_KNOWN_WITHIN_S = 20.0


def stream_filter(rig: Rig) -> Numbers:
    """CPU per piece of an answer that passes through a filter, beyond that of relaying it."""
    load = Load(100, 300, spread_s=1.0)
    plain = rig.run(load)
    with _filter(rig):
        filtered = rig.run(load)
    plain_us, filtered_us = (_per_word(*steady(one)) for one in (plain, filtered))
    delay_ms = filtered.result["delay_ms"]["p50"] - plain.result["delay_ms"]["p50"]
    return {
        "filter_us": filtered_us - plain_us,
        "filter_delay_ms": delay_ms,
        "filter_plain_us": plain_us,
        "filter_with_us": filtered_us,
    }


@contextmanager
def _filter(rig: Rig) -> Iterator[None]:
    """Switch a filter on for all models, with its process running."""
    call, token = rig.server.call, rig.token
    form = {"id": _ID, "name": "Bench", "content": _SOURCE, "meta": {"description": ""}}
    call("POST", f"{_AREA}/create", form, token)
    for switch in ("toggle", "toggle/global"):
        call("POST", f"{_AREA}/id/{_ID}/{switch}", token=token)
    wait_until(lambda: _is_on(rig), _KNOWN_WITHIN_S, "the worker to know the filter")
    try:
        rig.run(Load(4, 20))
        rig.look_again()
        yield
    finally:
        call("DELETE", f"{_AREA}/id/{_ID}/delete", token=token)
        wait_until(lambda: not _is_on(rig), _KNOWN_WITHIN_S, "the worker to forget the filter")
        rig.look_again()


def _is_on(rig: Rig) -> bool:
    """Whether an answer that begins now passes through the filter."""
    asked = {"role": "user", "content": "say=unfiltered delay=0"}
    body = json.dumps({"model": rig.model, "stream": True, "messages": [asked]}).encode()
    door = ("POST", "/v1/chat/completions")
    return b'"filtered"' in rig.server.send(*door, body, rig.token, "application/json")


def _per_word(used: meter.Usage, words: int) -> float:
    return used.total_s / words * 1e6
