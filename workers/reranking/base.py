"""What a reranker is."""

from collections.abc import Sequence
from typing import Protocol


class Reranker(Protocol):
    """Reads a question together with each of some texts."""

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """Tell how well each text answers a question, 0 to 1, in the order of the texts.

        Raises:
            Unavailable: It does not answer, or not in its form.
            Forbidden: It does not accept the key.
            Invalid: It does not take the question.
        """
