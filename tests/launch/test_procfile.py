"""Reading the Procfile."""

from pathlib import Path

import pytest

from launch import procfile

ROOT = Path(__file__).parents[2]


def test_parse_keeps_the_order_and_skips_comments_and_empty_lines():
    text = "# what runs\n\nweb: serve -p 80\n  # beside it\nworker:   work --name a:b \n"

    commands = procfile.parse(text)

    assert list(commands.items()) == [("web", "serve -p 80"), ("worker", "work --name a:b")]


@pytest.mark.parametrize("line", ["web", "web:", "we b: serve", ": serve"])
def test_parse_refuses_a_line_without_name_and_command(line):
    with pytest.raises(ValueError, match="line 2"):
        procfile.parse(f"a: b\n{line}\n")


def test_parse_refuses_a_name_that_stands_there_twice():
    with pytest.raises(ValueError, match="'web' a second time"):
        procfile.parse("web: a\nweb: b\n")


def test_write_gives_what_parse_reads():
    commands = {"web": "serve -p 80", "worker": "work"}

    assert procfile.parse(procfile.write(commands)) == commands


def test_our_procfile_names_every_process_of_the_design():
    commands = procfile.parse((ROOT / "Procfile").read_text())

    assert set(commands) == {"web", "inference", "compute", "quick", "beat", "flower", "models"}


def test_no_command_of_our_procfile_carries_a_secret():
    commands = procfile.parse((ROOT / "Procfile").read_text())

    assert not [c for c in commands.values() if "PASSWORD" in c or "KEY" in c or "REDIS_URL" in c]
