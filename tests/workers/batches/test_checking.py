"""Whether lines are requests."""

import json

import pytest

from workers.batches.checking import Wrong, check, read
from workers.batches.source import Line

URL = "/v1/chat/completions"
GOOD = {"custom_id": "a", "method": "POST", "url": URL, "body": {"model": "m", "messages": []}}


def line(number=1, **changes):
    return Line(number, json.dumps({**GOOD, **changes}).encode())


def test_a_good_line_is_read():
    request = read(line(), URL)

    assert (request.custom_id, request.model, request.body) == ("a", "m", GOOD["body"])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "line_too_long"),
        (b"{", "invalid_json_line"),
        (b'"text"', "invalid_json_line"),
        (b"\xff\xfe", "invalid_json_line"),
        (b"{}", "invalid_custom_id"),
    ],
)
def test_what_is_no_request_is_wrong(content, code):
    with pytest.raises(Wrong) as wrong:
        read(Line(1, content), URL)

    assert wrong.value.code == code


@pytest.mark.parametrize("custom_id", ["", "x" * 513, None, 7, []])
def test_an_odd_custom_id_is_wrong(custom_id):
    with pytest.raises(Wrong, match="custom_id"):
        read(line(custom_id=custom_id), URL)


def test_all_problems_are_told_up_to_a_number():
    count, problems = check((line(n, url="/other") for n in range(1, 1000)), URL, 10_000)

    assert (count, len(problems)) == (50, 50)
    assert [problem["line"] for problem in problems] == list(range(1, 51))


def test_good_lines_are_counted():
    lines = [line(n, custom_id=f"id-{n}") for n in range(1, 301)]

    assert check(lines, URL, 300) == (300, [])


def test_more_lines_than_allowed_are_a_problem():
    lines = [line(n, custom_id=f"id-{n}") for n in range(1, 12)]

    _, problems = check(lines, URL, 10)

    assert [(p["code"], p["line"]) for p in problems] == [("too_many_lines", 11)]


def test_half_an_emoji_is_an_id_as_well():
    raw = Line(1, json.dumps({**GOOD, "custom_id": "x"}).replace('"x"', '"\\ud83d"').encode())

    count, problems = check([raw], URL, 10)

    assert count == 1
    assert all(p["code"] == "invalid_json_line" for p in problems)
