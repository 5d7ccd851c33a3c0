"""Which migrations there are, read out of the scripts: Alembic imports slowly."""

import re
from pathlib import Path

SCRIPTS = Path(__file__).parent.parent / "migrations"
_REVISION = re.compile(r"^revision\b[^=\n]*=\s*[\"'](\w+)[\"']", re.MULTILINE)
_PARENTS = re.compile(r"^down_revision\b[^=\n]*=\s*(.+)$", re.MULTILINE)
QUERY = "SELECT version_num FROM alembic_version"


def read(folder: Path = SCRIPTS / "versions") -> tuple[set[str], set[str]]:
    """Read all revision ids, and the newest ones."""
    known: set[str] = set()
    parents: set[str] = set()
    for path in folder.glob("*.py"):
        script = path.read_text("utf-8")
        known.update(_REVISION.findall(script))
        for names in _PARENTS.findall(script):
            parents.update(re.findall(r"[\"'](\w+)[\"']", names))
    return known, known - parents
