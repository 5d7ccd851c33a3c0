"""A new version takes the place of an old one, process by process, while answers are written: what
docs/operations.md, "Upgrading", says step by step.
"""

import re
import shutil
from pathlib import Path

import pytest

from tests.fakes.openai_server import answer_for
from tests.services.client import Account, Reader, signup
from tests.services.postgres import Postgres
from tests.services.stack import ROOT, Stack, run_module
from tests.services.waiting import wait_until

_CODE = ("shared", "web", "workers", "launch", "migrations")
_FILES = ("wsgi.py", "celeryconfig.py", "gunicorn.conf.py", "Procfile", "pyproject.toml")
_AT_ONCE, _QUESTION = 3, "delay=50 tokens=60"
# Adds, as every step of a schema does that old processes have to live with.
_STEP = '''"""A step of the version after this one."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "next", "{newest}"
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("of_the_next_version", sa.Text(), nullable=True))
    op.create_table("thing_of_the_next_version", sa.Column("id", sa.String(64), primary_key=True))


def downgrade() -> None:
    op.drop_table("thing_of_the_next_version")
    op.drop_column("job", "of_the_next_version")
'''


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A checkout of the version after this one, whose schema has one more step."""
    root = tmp_path / "newer"
    for name in _CODE:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    for name in _FILES:
        shutil.copy(ROOT / name, root / name)
    steps = sorted((root / "migrations" / "versions").glob("*.py"))
    newest = re.search(r"^revision = '(\w+)'", steps[-1].read_text(), re.MULTILINE)
    assert newest, steps[-1]
    (steps[-1].parent / "next_version.py").write_text(_STEP.format(newest=newest[1]))
    return root


class Visitors:
    """Who asks and reads while the processes change."""

    def __init__(self, stack: Stack, alice: Account) -> None:
        self._stack, self._alice, self._model = stack, alice, alice.model()
        self.readers: dict[str, Reader] = {}

    def ask(self, base: str) -> None:
        """Put some questions at a web process, and wait until all are being answered."""
        fresh = []
        for _ in range(_AT_ONCE):
            question = f"number {len(self.readers)} {_QUESTION}"
            job = self._alice.at(base).ask(question, self._model)
            reader = self._alice.reader(job, *self._stack.bases)
            self.readers[question] = reader
            fresh.append(reader)
        wait_until(lambda: all(r.deltas >= 2 for r in fresh), 30, "new answers to be under way")

    def assert_all_have_everything(self) -> None:
        """Check that each has got a whole answer, and that no worker was lost over it."""
        for question, reader in self.readers.items():
            reader.finish(60)
            reader.assert_unbroken()
            assert (reader.end, reader.text) == ("completed", answer_for(question))
        restarts = [e["data"] for r in self.readers.values() for e in r.events if _is_restart(e)]
        assert {restart["reason"] for restart in restarts} == {"handed over"}


def _is_restart(event: dict[str, object]) -> bool:
    return event["type"] == "restarted"


def test_nobody_notices_that_a_new_version_takes_over(new_stack, newer: Path, postgres: Postgres):
    database, env = postgres.new_database(), {"SHUTDOWN_GRACE_S": "1"}
    stack: Stack = new_stack(web=2, inference=2, database_url=database, env=env)
    visitors = Visitors(stack, signup(stack.base, "Alice"))
    visitors.ask(stack.bases[0])

    run_module(stack.env, "launch.migrate", root=newer)
    visitors.ask(stack.bases[1])
    for process in (*stack.inference, *stack.web):
        others = [base for base in stack.bases if base != getattr(process, "base", None)]
        visitors.ask(others[0])
        assert process.stop() == 0
        process.cwd = newer
        process.start()
        visitors.ask(stack.bases[0])

    visitors.assert_all_have_everything()
