"""The measurements: each puts one or two loads on the rig and gives numbers by name.

Whatever is compared with the way straight to the provider is measured beside it, in the same round.
"""

from collections.abc import Callable

from bench import meter
from bench.load.__main__ import percentiles
from bench.rig import Load, Outcome, Rig

Numbers = dict[str, float | list[float]]


def first_words(rig: Rig) -> Numbers:
    """Time to first token, one chat at a time."""
    ours, direct = _both(rig, Load(40, 1, delay_ms=0, serial=True))
    added = _p(ours, "p50") - _p(direct, "p50")
    return {"ttft_added_ms": added, "ttft_ms": _p(ours, "p50"), "ttft_direct_ms": _p(direct, "p50")}


def burst(rig: Rig) -> Numbers:
    """Time to first token when many ask at once."""
    ours, direct = _both(rig, Load(150, 5))
    added = (_p(ours, "p99") - _p(direct, "p99")) / 1000
    per_chat = ours.whole.total_s / 150 * 1000
    return {"burst_added_s": added, "burst_chat_ms": per_chat}


def started_chats(rig: Rig) -> Numbers:
    """CPU per chat of one word, fifty a second."""
    load = Load(200, 1, delay_ms=0, spread_s=4)
    used = rig.run(load).whole
    return {"chat_ms": used.total_s / load.count * 1000, **_parts("chat", used, load.count, 1000)}


def streams_300(rig: Rig) -> Numbers:
    """CPU and delay per word at 300 streams."""
    load = Load(300, 300, spread_s=1.5)
    ours, direct = _both(rig, load)
    used, words = steady(ours)
    return {
        "token_us": used.total_s / words * 1e6,
        **_parts("token", used, words, 1_000_000),
        "token_tools_us": used.tools_s / words * 1e6,
        "token_with_starts_us": ours.whole.total_s / ours.result["words"] * 1e6,
        "token_words_per_read": ours.result["words"] / ours.result["pieces"],
        "delay_300_ms": ours.result["delay_ms"]["p50"] - direct.result["delay_ms"]["p50"],
        "delay_300_direct_ms": direct.result["delay_ms"]["p50"],
    }


def streams_50(rig: Rig) -> Numbers:
    """Delay per word at 50 streams."""
    ours, direct = _both(rig, Load(50, 150, spread_s=0.5))
    used, words = steady(ours)
    return {
        "delay_50_ms": ours.result["delay_ms"]["p50"] - direct.result["delay_ms"]["p50"],
        "delay_50_direct_ms": direct.result["delay_ms"]["p50"],
        "token_50_us": used.total_s / words * 1e6,
    }


def thousand(rig: Rig) -> Numbers:
    """A thousand streams: throughput and memory."""
    memory: dict[str, float] = {}

    def look() -> None:
        for name in ("web", "inference"):
            now = meter.rss_mb(rig.server.main_process(name))
            memory[name] = max(memory.get(name, 0.0), now)

    load = Load(1000, 250, spread_s=2.0)
    direct = rig.direct(load)
    ours = rig.run(load, look)
    return {
        "thousand_whole": float(ours.result["whole"]),
        "thousand_ratio": _rate(ours) / _rate(direct),
        "thousand_per_s": _rate(ours),
        "thousand_token_us": ours.whole.total_s / ours.result["words"] * 1e6,
        "thousand_ttft_p99_ms": _p(ours, "p99"),
        "web_mb": memory["web"],
        "worker_mb": memory["inference"],
    }


def flood(rig: Rig) -> Numbers:
    """As fast as the provider can."""
    ratios, rates = [], []
    for _ in range(2):
        ours, direct = _both(rig, Load(50, 500, delay_ms=0))
        ratios.append(_rate(ours) / _rate(direct))
        rates.append(_rate(ours))
    return {"flood_ratio": ratios, "flood_per_s": rates}


def doors(rig: Rig) -> Numbers:
    """CPU of the same answers over the three doors."""
    used = {
        door: rig.run(Load(50, 200, spread_s=0.5, door=door), users=rig.pages)
        for door in ("sse", "ws", "socketio")
    }
    cost = {door: o.whole.total_s / o.result["words"] * 1e6 for door, o in used.items()}
    return {
        "ws_ratio": cost["ws"] / cost["sse"],
        "socketio_ratio": cost["socketio"] / cost["sse"],
        **{f"{door}_token_us": value for door, value in cost.items()},
    }


def _both(rig: Rig, load: Load) -> tuple[Outcome, Outcome]:
    """Measure us and the direct way; who is first changes with every call."""
    rig.turns += 1
    if rig.turns % 2:
        direct = rig.direct(load)
        return rig.run(load), direct
    return rig.run(load), rig.direct(load)


def steady(outcome: Outcome) -> tuple[meter.Usage, int]:
    """Give what was used while all streams ran, or in all when they never did at once."""
    if outcome.steady is not None:
        return outcome.steady, outcome.result["window_words"]
    return outcome.whole, outcome.result["words"]


def _p(outcome: Outcome, which: str) -> float:
    return percentiles(outcome.result["ttft_ms"])[which]


def _rate(outcome: Outcome) -> float:
    return float(outcome.result["words"] / outcome.result["seconds"])


def _parts(name: str, used: meter.Usage, count: int, scale: int) -> Numbers:
    parts = {n: s / count * scale for n, s in used.server_s.items()}
    return {f"{name}_{part}": value for part, value in sorted(parts.items())}


MEASURES: dict[str, Callable[[Rig], Numbers]] = {
    "first_words": first_words,
    "started_chats": started_chats,
    "burst": burst,
    "streams_50": streams_50,
    "streams_300": streams_300,
    "thousand": thousand,
    "flood": flood,
    "doors": doors,
}
