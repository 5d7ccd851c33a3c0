"""What a stream filter costs: the same streams without it and with it, its process counted in."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench import meter
from bench.measures import Numbers, steady
from bench.rig import Load, Rig

_ID = "bench_filter"
_AREA = "/api/v1/functions"
# It looks into every piece, and leaves it as it is: the load client checks every word.
_SOURCE = """
class Filter:
    def __init__(self):
        self.letters = 0

    def stream(self, event: dict) -> dict:
        for choice in event.get("choices", []):
            self.letters += len(choice.get("delta", {}).get("content") or "")
        return event
"""
# A second, and a moment more: so old may a worker's list of functions be.
_KNOWN_AFTER_S = 1.5


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
    time.sleep(_KNOWN_AFTER_S)
    try:
        rig.run(Load(4, 20))
        rig.look_again()
        yield
    finally:
        call("DELETE", f"{_AREA}/id/{_ID}/delete", token=token)
        time.sleep(_KNOWN_AFTER_S)
        rig.look_again()


def _per_word(used: meter.Usage, words: int) -> float:
    return used.total_s / words * 1e6
