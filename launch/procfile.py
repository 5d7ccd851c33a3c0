"""Reads the Procfile: one process per line, `name: command`."""

import re

_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$")


def parse(text: str) -> dict[str, str]:
    """Give each process's name and command, in the order of the file.

    Args:
        text: The Procfile; empty lines and lines that begin with `#` are skipped.

    Raises:
        ValueError: A line has no `name: command`, or a name stands there twice.

    Source: Heroku, "The Procfile"; https://devcenter.heroku.com/articles/procfile.
    """
    commands: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.match(line.strip())
        if found is None:
            raise ValueError(f"line {number} is not `name: command`: {line!r}")
        if found[1] in commands:
            raise ValueError(f"line {number} names {found[1]!r} a second time")
        commands[found[1]] = found[2]
    return commands


def write(commands: dict[str, str]) -> str:
    """Turn processes back into the text of a Procfile."""
    return "".join(f"{name}: {command}\n" for name, command in commands.items())
