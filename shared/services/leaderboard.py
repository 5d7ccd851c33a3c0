"""The leaderboard: which models users prefer, by the Elo ratings of their comparisons.

Source: A. Elo, "The Rating of Chessplayers"; start and K as in the page of Open WebUI.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.models.feedback import Feedback

_START, _K, _SPREAD = 1000.0, 32.0, 400.0
_OUTCOMES = {"1": 1.0, "-1": 0.0}
_MOST_TAGS = 5


@dataclass
class Standing:
    """Where a model stands.

    Attributes:
        tags: How often what it was asked about was called so.
    """

    model_id: str
    rating: float = _START
    won: int = 0
    lost: int = 0
    tags: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Give it as the API shows it."""
        top = [{"name": name, "count": count} for name, count in self.tags.most_common(_MOST_TAGS)]
        return {
            "model_id": self.model_id,
            "rating": round(self.rating),
            "won": self.won,
            "lost": self.lost,
            "count": self.won + self.lost,
            "top_tags": top,
        }


def standings(rows: Iterable[Feedback], subject: str = "") -> list[Standing]:
    """Rank models, best first.

    Args:
        rows: Feedback in any order; what compares nothing does not count.
        subject: Only feedback with a tag that holds this, in any case.
    """
    found: dict[str, Standing] = {}
    for row in sorted(rows, key=lambda row: (row.created_at, row.id)):
        data = row.data or {}
        tags = _texts(data.get("tags"))
        if subject and not any(subject.casefold() in tag.casefold() for tag in tags):
            continue
        comparisons = list(_comparisons(data))
        for model_id, other_id, outcome in comparisons:
            one = found.setdefault(model_id, Standing(model_id))
            _play(one, found.setdefault(other_id, Standing(other_id)), outcome)
        if comparisons:
            found[data["model_id"]].tags.update(tags)
    return sorted(found.values(), key=lambda standing: (-standing.rating, standing.model_id))


def rated_models(rows: Iterable[Feedback]) -> list[str]:
    """List the models of which anything was said."""
    ids = {(row.data or {}).get("model_id") for row in rows}
    return sorted(one for one in ids if isinstance(one, str) and one)


def _comparisons(data: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    model_id, outcome = data.get("model_id"), _OUTCOMES.get(str(data.get("rating")))
    if not isinstance(model_id, str) or not model_id or outcome is None:
        return
    for other_id in _texts(data.get("sibling_model_ids")):
        if other_id != model_id:
            yield model_id, other_id, outcome


def _play(one: Standing, other: Standing, outcome: float) -> None:
    expected = 1 / (1 + 10 ** ((other.rating - one.rating) / _SPREAD))
    change = _K * (outcome - expected)
    one.rating, other.rating = one.rating + change, other.rating - change
    winner, loser = (one, other) if outcome else (other, one)
    winner.won, loser.lost = winner.won + 1, loser.lost + 1


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
