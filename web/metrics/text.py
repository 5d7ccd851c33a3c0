"""Counts in Prometheus' text format.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4).
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from shared.metrics.counting import Labels, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Row = tuple[dict[str, str], float]


def gauge(name: str, words: str, rows: Iterable[Row], kind: str = "gauge") -> Iterator[str]:
    """Write one number for each combination of labels."""
    yield from _head(name, words, kind)
    yield from (_line(name, labels, value) for labels, value in rows)


def counted(metric: Metric, rows: dict[Labels, list[float]]) -> Iterator[str]:
    """Write a counter or a histogram."""
    yield from _head(metric.name, metric.words, "histogram" if metric.bounds else "counter")
    for values, row in sorted(rows.items()):
        labels = dict(zip(metric.labels, values, strict=True))
        if metric.bounds:
            yield from _buckets(metric, labels, row)
        else:
            yield _line(metric.name, labels, row[0])


def _buckets(metric: Metric, labels: dict[str, str], row: list[float]) -> Iterator[str]:
    *counts, total = row
    bounds = [*(f"{bound:g}" for bound in metric.bounds), "+Inf"]
    for bound, count in zip(bounds, accumulate(counts), strict=True):
        yield _line(f"{metric.name}_bucket", {**labels, "le": bound}, count)
    yield _line(f"{metric.name}_sum", labels, total)
    yield _line(f"{metric.name}_count", labels, sum(counts))


def _head(name: str, words: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"


def _line(name: str, labels: dict[str, str], value: float) -> str:
    told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{told}}} {value:.10g}" if told else f"{name} {value:.10g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
