"""Counters and histograms of one process: counting is an addition in memory, nothing more.

What was counted is brought to Redis every few seconds by `shared.metrics.reports`; a process that
is killed takes the last seconds with it. The usual library keeps a file per process, which nobody
on another machine can read.

Source: https://prometheus.io/docs/concepts/metric_types/ (counter, histogram).
"""

from bisect import bisect_left
from collections.abc import Iterator

Labels = tuple[str, ...]
# A model's name may be as long as its users like.
_LONGEST_LABEL = 120


class Metric:
    """Something that is counted, once for each combination of labels.

    Args:
        name: As Prometheus knows it.
        words: What it counts, for people.
        labels: Names of the labels, in the order in which their values are given.
        bounds: Upper bounds of a histogram's buckets, growing; none make it a counter.
    """

    def __init__(
        self, name: str, words: str, labels: Labels = (), bounds: tuple[float, ...] = ()
    ) -> None:
        self.name, self.words, self.labels, self.bounds = name, words, labels, bounds
        self._rows: dict[tuple[str | None, ...], list[float]] = {}

    def count(self, *labels: str | None, amount: float = 1) -> None:
        """Add to a counter."""
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = [0.0]
        row[0] += amount

    def observe(self, value: float, *labels: str | None) -> None:
        """Put a value into its bucket; the last two numbers of a row are those beyond all bounds,
        and the sum.
        """
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = [0.0] * (len(self.bounds) + 2)
        row[bisect_left(self.bounds, value)] += 1
        row[-1] += value

    def take(self) -> Iterator[tuple[Labels, int, float]]:
        """Give what was counted since the last time, and begin anew: labels, place in the row,
        amount.
        """
        rows, self._rows = self._rows, {}
        for labels, row in rows.items():
            told = tuple((value or "")[:_LONGEST_LABEL] for value in labels)
            yield from ((told, place, amount) for place, amount in enumerate(row) if amount)

    def put_back(self, labels: Labels, place: int, amount: float) -> None:
        """Count again what could not be brought to Redis."""
        width = len(self.bounds) + 2 if self.bounds else 1
        self._rows.setdefault(labels, [0.0] * width)[place] += amount

    def forget(self) -> None:
        """Begin anew, as a forked process has to."""
        self._rows = {}
