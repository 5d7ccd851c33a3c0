"""Models that the operator has put into DATA_DIR/models, each in a folder of its own."""

from pathlib import Path

from shared.config.settings import get_settings

FOLDER = "models"


def folder_of(name: str) -> Path | None:
    """Give the folder of a model; None when there is none of this name.

    Args:
        name: As an admin has chosen it. `BAAI/bge-reranker-base` is looked for under its whole
            name, then as `bge-reranker-base`.
    """
    root = (get_settings().data_dir / FOLDER).resolve()
    for part in (name, name.rpartition("/")[2]):
        found = (root / part).resolve() if part else root
        if root in found.parents and found.is_dir():
            return found
    return None
