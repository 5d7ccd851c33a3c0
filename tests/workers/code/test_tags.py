"""Code between tags, found while it is written."""

import pytest

from workers.code.tags import Tags, language_in

ANSWER = (
    'Let me see.\n<code_interpreter type="code" lang="python">\nprint(1 < 2)\n</code_interpreter>'
    "\nDone, a < b."
)
PARTS = [
    ("text", "Let me see.\n"),
    ("open", '<code_interpreter type="code" lang="python">'),
    ("code", "\nprint(1 < 2)\n"),
    ("close", ""),
    ("text", "\nDone, a < b."),
]


def read(*pieces):
    """Read an answer, and join what belongs together."""
    tags, found = Tags(), []
    for piece in pieces:
        found += tags.feed(piece)
    found.append(("text", tags.flush()))
    joined = []
    for kind, text in found:
        if joined and kind in ("text", "code") and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + text)
        elif text or kind == "close":
            joined.append((kind, text))
    return joined


@pytest.mark.parametrize("cut", range(len(ANSWER) + 1))
def test_tags_may_be_cut_anywhere(cut):
    assert read(ANSWER[:cut], ANSWER[cut:]) == PARTS


def test_tags_may_come_letter_by_letter():
    assert read(*ANSWER) == PARTS


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("<code_interpreter>", "python"),
        ("<code_interpreter type='code' lang='py'>", "py"),
        ('<code_interpreter lang="sql">', "sql"),
    ],
)
def test_the_tag_names_the_language(tag, language):
    assert read(f"{tag}1</code_interpreter>") == [
        ("open", tag),
        ("code", "1"),
        ("close", ""),
    ]
    assert language_in(tag) == language


@pytest.mark.parametrize(
    "text",
    ["a < b", "<code>", "<code_interpreters>", "<", "x <code_interp", "<code_interpreter type", ""],
)
def test_what_is_no_tag_stays_text(text):
    assert read(*text) == ([("text", text)] if text else [])


def test_text_is_not_held_back_longer_than_it_may_be_a_tag():
    tags = Tags()

    assert list(tags.feed("a < b and <co")) == [("text", "a < b and ")]
    assert list(tags.feed("lour>")) == [("text", "<colour>")]
