"""What engines behind a server share: batches, tries, and the form of what comes back."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from shared.config.options import option
from shared.config.settings import get_settings
from shared.errors import Unavailable
from workers.embedding.local import unit
from workers.embedding.prefixes import prefix_for

if TYPE_CHECKING:
    from workers.vectors.base import Vectors

log = logging.getLogger(__name__)

# One option of today's clients is 1, which made a request for every chunk; so many at least.
_LEAST_AT_ONCE = 32
_FIRST_PAUSE_S = 0.5

Ask = Callable[[list[str], dict[str, str]], list[list[float]]]


class RemoteEngine:
    """See `Engine`.

    Args:
        name: Engine and model.
        ask: Gives the numbers for some texts; what else it is given goes into the request.
    """

    def __init__(self, name: str, ask: Ask) -> None:
        self.name, self._ask = name, ask

    def embed(self, texts: Sequence[str], is_query: bool = False) -> "Vectors":
        """See `Engine`."""
        import numpy as np  # noqa: PLC0415 -- heavy

        prefix, more = _placed(prefix_for(is_query))
        size = max(option("RAG_EMBEDDING_BATCH_SIZE"), _LEAST_AT_ONCE)
        made: list[Any] = []
        for start in range(0, len(texts), size):
            batch = [prefix + text or " " for text in texts[start : start + size]]
            numbers = self._patiently(batch, more)
            if len(numbers) != len(batch):
                raise Unavailable("The embedding server gave another number of vectors than texts.")
            made += numbers
        try:
            return unit(np.array(made, np.float32))
        except ValueError:
            raise Unavailable("The embedding server gave vectors of unequal length.") from None

    def _patiently(self, texts: list[str], more: dict[str, str]) -> list[list[float]]:
        """Ask again after what may pass by itself."""
        for tries in range(get_settings().upstream_tries - 1):
            try:
                return self._ask(texts, more)
            except Unavailable as error:
                log.info("trying the embedding server again: %s", error)
                time.sleep(_FIRST_PAUSE_S * 2**tries)
        return self._ask(texts, more)


def _placed(prefix: str) -> tuple[str, dict[str, str]]:
    """Give what of a prefix stands before each text, and what in a field of the request."""
    name = get_settings().rag_embedding_prefix_field_name
    return ("", {name: prefix}) if name and prefix else (prefix, {})
