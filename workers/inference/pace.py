"""How soon an answer begins and how fast it is written, for operators."""

import time
from typing import Any

from shared import tracing
from shared.ids import made_at
from shared.leases import Claim
from shared.metrics.catalogue import FIRST_TOKEN, PACE

# Of fewer tokens, or in less time, a pace means nothing.
_FEWEST_TOKENS, _SHORTEST_S = 5, 0.05


class Pace:
    """Times one answer.

    Attributes:
        began_at: When its first piece came, by the clock that nobody sets; None before.
    """

    def __init__(self) -> None:
        self.began_at: float | None = None

    def begin(self, claim: Claim) -> None:
        """Note the first piece; of an attempt that is not the first it tells nothing."""
        self.began_at = time.monotonic()
        if (span := tracing.current()) is not None:
            span.note("first piece")
        accepted_at = made_at(claim.id)
        if claim.attempt == 1 and accepted_at is not None:
            waited_s = max(time.time() - accepted_at, 0.0)
            FIRST_TOKEN.observe(waited_s, claim.queue, claim.model)

    def end(self, claim: Claim, usage: dict[str, Any] | None) -> None:
        """Note the pace, where the provider tells how many tokens there were."""
        tokens = (usage or {}).get("completion_tokens")
        if self.began_at is None or not isinstance(tokens, int) or tokens < _FEWEST_TOKENS:
            return
        seconds = time.monotonic() - self.began_at
        if seconds >= _SHORTEST_S:
            PACE.observe(tokens / seconds, claim.queue, claim.model)
