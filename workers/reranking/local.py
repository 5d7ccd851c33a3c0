"""A cross-encoder in this process: an ONNX model and its tokenizer in a folder of DATA_DIR/models.

Source: https://sbert.net/docs/cross_encoder/usage/usage.html (question and text as one pair; one
logit for how well they fit, or two of which the second counts) and
https://huggingface.co/docs/tokenizers (tokenizer.json).
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from shared.config.options import option
from shared.errors import Unavailable
from shared.model_folders import folder_of
from workers.onnx import open_session

# Where exports put the model, the smallest first.
_MODELS = (
    "model_quantized.onnx",
    "onnx/model_quantized.onnx",
    "model.onnx",
    "onnx/model.onnx",
)
_TOKENIZER = "tokenizer.json"
_MOST_TOKENS = 512
_AT_ONCE = 16
# How models call what fills up the shorter ones of some texts.
_FILLERS = ("[PAD]", "<pad>")


class LocalReranker:
    """See `Reranker`.

    Args:
        folder: Has the model and its tokenizer.

    Raises:
        Unavailable: One is missing, cannot be read, or packages are not installed.
    """

    def __init__(self, folder: Path) -> None:
        name = folder.name
        model = next((folder / one for one in _MODELS if (folder / one).is_file()), None)
        if model is None or not (folder / _TOKENIZER).is_file():
            raise Unavailable(f"The model '{name}' needs a model.onnx and a {_TOKENIZER}.")
        try:
            self._tokenizer = _open_tokenizer(folder / _TOKENIZER)
            self._session = open_session(model)
        except ImportError:
            raise Unavailable(
                "Local models are not installed here (requirements-local.txt)."
            ) from None
        except Exception as error:  # border: both libraries raise bare exceptions
            raise Unavailable(f"The model '{name}' cannot be loaded: {error}") from error
        self._inputs = [one.name for one in self._session.get_inputs()]

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """See `Reranker`."""
        scores = [0.0] * len(texts)
        # Texts of alike length stand together, so that little is computed over what fills them up.
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        for start in range(0, len(order), _AT_ONCE):
            places = order[start : start + _AT_ONCE]
            for place, score in zip(places, self._batch(question, texts, places), strict=True):
                scores[place] = score
        return scores

    def _batch(self, question: str, texts: Sequence[str], places: list[int]) -> list[float]:
        import numpy as np  # noqa: PLC0415 -- heavy

        encoded = self._tokenizer.encode_batch([(question, texts[n]) for n in places])
        known = {
            "input_ids": [one.ids for one in encoded],
            "attention_mask": [one.attention_mask for one in encoded],
            "token_type_ids": [one.type_ids for one in encoded],
        }
        try:
            given = {name: np.array(known[name], np.int64) for name in self._inputs}
            logits = np.asarray(self._session.run(None, given)[0], np.float64)
            return _likelihoods(logits.reshape(len(places), -1))
        except Exception as error:  # border: onnxruntime raises bare exceptions
            raise Unavailable(f"The reranking model is no cross-encoder: {error}") from error


def _likelihoods(logits: Any) -> list[float]:
    """Turn logits into 0 to 1."""
    import numpy as np  # noqa: PLC0415 -- heavy

    if logits.shape[1] > 2:
        raise ValueError("it has more than two outputs")
    against = logits[:, 0] if logits.shape[1] == 2 else 0.0
    found: list[float] = (1 / (1 + np.exp(against - logits[:, -1]))).tolist()
    return found


def _open_tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer  # noqa: PLC0415 -- heavy, and optional

    made = Tokenizer.from_file(str(path))
    made.enable_truncation(_MOST_TOKENS)
    filler = next((one for one in _FILLERS if made.token_to_id(one) is not None), _FILLERS[0])
    made.enable_padding(pad_token=filler, pad_id=made.token_to_id(filler) or 0)
    return made


def make() -> LocalReranker:
    """Give the reranker that the options name; errors as those of `of`."""
    return of(option("RAG_RERANKING_MODEL"))


def of(name: str) -> LocalReranker:
    """Give this process's reranker of a name.

    Raises:
        Unavailable: It is not on this server, or cannot be loaded.
    """
    folder = folder_of(name)
    if folder is None:
        raise Unavailable(
            f"The reranking model '{name}' is not on this server: put its model.onnx and "
            f"{_TOKENIZER} into DATA_DIR/models/{name}, or set RAG_EXTERNAL_RERANKER_URL."
        )
    return _loaded(folder)


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> LocalReranker:
    """Load a model once for each process; an exchanged one counts after a restart."""
    return LocalReranker(folder)
