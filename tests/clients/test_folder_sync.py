"""`oikb`, Open WebUI's own program of today that keeps knowledge bases as folders are."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services.client import Account
from tests.services.require import missing


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    return {"compute": 1, "quick": 1}


@pytest.fixture
def base(alice: Account) -> str:
    """Give the id of an empty knowledge base."""
    form = {"name": "Manuals", "description": "of all machines"}
    return str(alice.api("POST", "/api/v1/knowledge/create", form).json()["id"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with folders in it, and names of all sorts."""
    made = tmp_path / "manuals"
    (made / "stoves" / "old ones").mkdir(parents=True)
    (made / "readme.md").write_text("# All machines\n\nThey run well.", "utf-8")
    (made / "stoves" / "stove.txt").write_text("The stove was built in 1871.", "utf-8")
    (made / "stoves" / "old ones" / "Öfen & Töpfe #1.txt").write_text("Von 1790.", "utf-8")
    return made


def oikb(alice: Account, folder: Path, *arguments: str) -> str:
    """Run the program as a person does; gives what it says."""
    if importlib.util.find_spec("oikb") is None:
        missing("oikb", "pip install oikb")
    done = subprocess.run(
        [sys.executable, "-c", "from oikb.cli import cli; cli()", *arguments],
        env={
            **os.environ,
            "OPEN_WEBUI_URL": alice.base,
            "OPEN_WEBUI_API_KEY": alice.token,
            "HOME": str(folder.parent),
        },
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def sync(alice: Account, folder: Path, base: str, *more: str) -> str:
    return oikb(alice, folder, "sync", str(folder), "--kb-id", base, *more)


def held(alice: Account, base: str) -> dict[str, str]:
    """Give the files of a knowledge base, by their names, with their texts."""
    found = alice.api("GET", f"/api/v1/knowledge/{base}").json()["files"]
    texts = {}
    for one in found:
        file = alice.api("GET", f"/api/v1/files/{one['id']}").json()
        assert file["data"]["status"] == "completed", file
        texts[file["filename"]] = file["data"]["content"]
    return texts


def test_a_folder_is_brought_and_found(alice: Account, base: str, folder: Path):
    said = sync(alice, folder, base)

    assert "3 added" in said
    assert held(alice, base) == {
        "readme.md": "# All machines\n\nThey run well.",
        "stove.txt": "The stove was built in 1871.",
        "Öfen & Töpfe #1.txt": "Von 1790.",
    }
    question = {"collection_names": [base], "query": "how old is the oven?", "k": 1}
    found = alice.api("POST", "/api/v1/retrieval/query/collection", question).json()
    assert found["documents"] == [["The stove was built in 1871."]]


def test_a_second_time_nothing_is_sent(alice: Account, base: str, folder: Path):
    sync(alice, folder, base)
    before = alice.api("GET", f"/api/v1/knowledge/{base}").json()["files"]

    said = sync(alice, folder, base)

    assert "3 unchanged" in said
    assert "added" not in said
    after = alice.api("GET", f"/api/v1/knowledge/{base}").json()["files"]
    assert {one["id"] for one in after} == {one["id"] for one in before}


def test_what_is_changed_new_moved_and_gone_is_so_there_too(
    alice: Account, base: str, folder: Path
):
    sync(alice, folder, base)
    (folder / "stoves" / "stove.txt").write_text("The stove was rebuilt in 1902.", "utf-8")
    (folder / "readme.md").unlink()
    (folder / "pumps").mkdir()
    (folder / "pumps" / "pump.csv").write_text("pump;year\nold;1850\n", "utf-8")
    old = folder / "stoves" / "old ones"
    (old / "Öfen & Töpfe #1.txt").rename(folder / "Öfen & Töpfe #1.txt")
    old.rmdir()

    plan = oikb(alice, folder, "diff", str(folder), "--kb-id", base)
    said = sync(alice, folder, base)

    assert "pump.csv" in plan
    assert "modified" in said
    assert held(alice, base) == {
        "stove.txt": "The stove was rebuilt in 1902.",
        "pump.csv": "pump;year\nold;1850\n",
        "Öfen & Töpfe #1.txt": "Von 1790.",
    }
    assert "unchanged" in sync(alice, folder, base)


def test_it_lists_tells_and_empties(alice: Account, base: str, folder: Path):
    sync(alice, folder, base)

    listed = oikb(alice, folder, "ls", "--kb-id", base)
    told = oikb(alice, folder, "status", "--kb-id", base)
    oikb(alice, folder, "reset", "--kb-id", base, "--yes")

    assert "stove.txt" in listed
    assert "Manuals" in told
    assert held(alice, base) == {}
