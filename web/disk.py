"""Files of a folder that addresses name."""

from pathlib import Path

from werkzeug.security import safe_join


def inside(folder: Path, path: str) -> Path | None:
    """Find a file of a folder; what leads out of it, by dots or by links, is not found.

    Args:
        folder: Need not exist.
        path: As it stands in an address.
    """
    joined = safe_join(str(folder), path)
    try:
        file = Path(joined).resolve() if joined else None
        return file if file and file.is_relative_to(folder.resolve()) and file.is_file() else None
    except (ValueError, OSError):
        return None  # the character NUL, or a name that is too long
