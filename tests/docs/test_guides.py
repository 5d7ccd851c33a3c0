"""What the guides in docs/ say is done to a copy of this repository, word for word, and works.

A block of code that follows a line "`path` …:" is a new file; a block of `diff` changes one: lines
that begin with a space stand there, `+` adds, `-` takes away, `@@` divides places, and `…` stands
for whatever is there. Blocks of `sh` are run.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.source import ROOT, tracked

GUIDES = ("adding-an-endpoint", "adding-a-task", "adding-a-provider")
_BLOCK = re.compile(r"(?:^`([\w./-]+)`[^\n]*:\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What is installed already is not installed again.
_INSTALLED = [f"-o.venv/.installed/{stamp}" for stamp in ("core", "local", "dev")]
_INSTALLED += ["-otests/services/oidc/node_modules/.installed"]


class Copy:
    """A copy of the repository that a guide may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in tracked():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, folder / path)
        (folder / ".venv").symlink_to(sys.prefix)
        for arguments in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *arguments], cwd=folder, check=True)

    def follow(self, guide: str) -> None:
        """Do all that a guide says."""
        text = (self.folder / "docs" / f"{guide}.md").read_text()
        for path, kind, block in _BLOCK.findall(text):
            if kind == "diff":
                self._change(path, block)
            elif kind == "sh":
                for line in block.splitlines():
                    self._run(line)
            else:
                self._write(path, block)

    def _write(self, path: str, text: str) -> None:
        new = self.folder / path
        assert not new.exists(), f"{path} exists already"
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text)

    def _change(self, path: str, diff: str) -> None:
        text = (self.folder / path).read_text()
        for place in diff.split("@@\n"):
            text = _changed(text, place, path)
        (self.folder / path).write_text(text)

    def _run(self, line: str) -> None:
        program, *arguments = shlex.split(line)
        assert program == "make", line
        settings = {"DATA_DIR": str(self.folder / "data"), "DATABASE_URL": ""}
        done = subprocess.run(
            ["make", *_INSTALLED, *arguments],
            cwd=self.folder,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-4000:]}{done.stderr[-2000:]}"


def _changed(text: str, place: str, path: str) -> str:
    lines = place.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    pattern = re.escape(old).replace("…", "([^\n]*?)")
    found = re.findall(f"^{pattern}", text, re.MULTILINE)
    assert len(found) == 1, f"{path} has {len(found)} places like this:\n{old}"
    return re.sub(
        f"^{pattern}",
        lambda match: new.replace("…", match[1]) if "…" in new else new,
        text,
        flags=re.MULTILINE,
    )


@pytest.mark.parametrize("guide", GUIDES)
def test_following_a_guide_gives_what_passes_its_own_tests_and_the_rules(guide, tmp_path):
    copy = Copy(tmp_path / "copy")

    copy.follow(guide)

    assert (
        "??"
        in subprocess.run(
            ["git", "status", "--short"],
            cwd=copy.folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )


def test_every_guide_is_followed():
    assert {path.stem for path in (ROOT / "docs").glob("adding-*.md")} == set(GUIDES)
