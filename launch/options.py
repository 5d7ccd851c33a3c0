"""What happens to saved options before anything starts: RESET_CONFIG_ON_START, and an exported tree
that somebody has put into DATA_DIR.
"""

import json
from pathlib import Path

from shared.config.settings import Settings

_FILE, _IMPORTED = "config.json", "old_config.json"


def prepare(settings: Settings) -> None:
    """Forget all saved options if that is wanted; then import DATA_DIR/config.json and rename it.

    The database has the newest schema already.

    Raises:
        SystemExit: The file cannot be imported; nothing of it was.
    """
    file = settings.data_dir / _FILE
    if not settings.reset_config_on_start and not file.is_file():
        return
    from shared.config.options import OPTIONS, get_options  # noqa: PLC0415  (imports slowly, and is rarely needed)

    get_options().work_alone()
    if settings.reset_config_on_start:
        get_options().reset(list(OPTIONS))
    if file.is_file():
        _import(file)
        file.rename(file.with_name(_IMPORTED))


def _import(file: Path) -> None:
    from shared.services.configuration import Unusable, save_tree  # noqa: PLC0415 -- as above

    try:
        tree = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"switchyard: {file} cannot be read as JSON: {error}") from None
    if not isinstance(tree, dict):
        raise SystemExit(f"switchyard: {file} has to hold a JSON object.")
    try:
        save_tree(tree)
    except Unusable as error:
        problems = "\n".join(
            f"switchyard: {file} cannot be imported: {name}: {words}."
            for name, words in error.problems.items()
        )
        raise SystemExit(problems) from None
