"""What the repository holds: a changelog that is kept, and no paths of somebody's machine."""

import re

from tests.rules.source import existing, text, tracked

# Built from pieces, so that this file does not find itself.
_MACHINE_PATHS = re.compile(
    "|".join(("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z]", "/Us" + "ers/[a-z]"))
)
_TEXTS = (
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".json",
    ".yml",
    ".yaml",
    ".cfg",
    ".ini",
    ".sh",
    ".mako",
    ".html",
)


def _is_text(path: str) -> bool:
    return path.endswith(_TEXTS) or "." not in path.rpartition("/")[2] or path.startswith(".ci/")


def test_no_tracked_file_names_a_path_of_a_machine():
    found = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if _is_text(path)
        for number, line in enumerate(text(path).splitlines(), 1)
        if _MACHINE_PATHS.search(line)
    ]

    assert not found


def test_the_changelog_has_a_section_for_what_is_unreleased():
    lines = existing("CHANGELOG.md").read_text().splitlines()
    headings = [line for line in lines if line.startswith("## ")]

    assert headings
    assert "Unreleased" in headings[0]


def test_the_readme_names_only_targets_that_exist():
    makefile = existing("Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE))
    readme = existing("README.md").read_text()
    named = set(re.findall(r"`make ([a-z][a-z0-9-]*)", readme))

    assert named <= targets
    assert "test" in named


def test_every_decision_has_its_four_parts():
    wanted = ("Context", "Decision", "Status", "Consequences")

    incomplete = [
        f"{path}: {part}"
        for path in tracked()
        if re.match(r"docs/adr/\d{4}-", path)
        for part in wanted
        if not re.search(rf"^(#+ |\*\*){part}", text(path), re.MULTILINE)
    ]

    assert not incomplete
