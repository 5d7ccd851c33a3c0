"""Usage: what a job has cost, and the sums of it."""

import pytest

from shared import db
from shared.services import usage
from shared.services.usage import Tokens

DAYS = ("2000-01-01", "2999-12-31")


@pytest.mark.parametrize(
    "told",
    [
        {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
        {"input_tokens": 3, "output_tokens": 5},
        {"prompt_eval_count": 3, "eval_count": 5, "total_duration": 1e9},
        {"prompt_tokens": 3.0, "completion_tokens": 5},
    ],
)
def test_what_a_provider_tells_counts(told):
    assert usage.tokens_of({}, {"usage": told, "text": "x" * 400}) == Tokens(3, 5)


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}},
        {"message": {}, "prompt_eval_count": 3, "eval_count": 5},
    ],
)
def test_the_usage_of_an_answer_that_was_passed_on_counts(answer):
    assert usage.tokens_of({}, {"answer": answer}) == Tokens(3, 5)


@pytest.mark.parametrize("told", [None, {}, [], "8", {"prompt_tokens": "3"}, {"x": 1}])
def test_without_it_four_bytes_of_text_are_a_token(told):
    body = {"messages": [{"role": "user", "content": "x" * 8}]}

    tokens = usage.tokens_of(body, {"usage": told, "text": "y" * 9})

    assert tokens == Tokens(2, 3, is_estimated=True)
    assert tokens.total == 5


def test_pictures_are_no_text():
    parts = [
        {"type": "text", "text": "x" * 40},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 10_000}},
    ]

    assert usage.estimated_prompt({"messages": [{"content": parts}]}) == 10


@pytest.mark.parametrize("field", ["input", "prompt"])
def test_other_requests_have_their_text_elsewhere(field):
    assert usage.estimated_prompt({field: ["x" * 4, "y" * 4]}) == 2


def add(user, model, tokens, requests=1):
    with db.transaction():
        usage.add(user, model, tokens, requests)


def report(*groups, user=None, model=None, page=(0, 100)):
    with db.reading():
        return usage.report(groups, DAYS, user, model, page)


def test_requests_of_a_day_are_summed_up(each_database):
    add("ada", "alpha", Tokens(1, 2))
    add("ada", "alpha", Tokens(10, 20, is_estimated=True), requests=2)

    (row,) = report("day", "user", "model")

    assert {name: row[name] for name in row if name != "day"} == {
        "user_id": "ada", "model": "alpha", "requests": 3, "prompt_tokens": 11,
        "completion_tokens": 22, "total_tokens": 33, "estimated_requests": 2,
    }  # fmt: skip


def test_sums_are_by_what_was_asked_for(each_database):
    for user, model in (("ada", "alpha"), ("ada", "beta"), ("bob", "alpha")):
        add(user, model, Tokens(1, 1))

    assert [(r["user_id"], r["requests"]) for r in report("user")] == [("ada", 2), ("bob", 1)]
    assert [(r["model"], r["requests"]) for r in report("model")] == [("alpha", 2), ("beta", 1)]
    assert [r["model"] for r in report("model", user="bob")] == ["alpha"]
    assert [r["user_id"] for r in report("user", model="beta")] == ["ada"]
    assert [r["user_id"] for r in report("user", page=(1, 1))] == ["bob"]


def test_an_odd_model_is_counted_too(each_database):
    add("ada", "x" * 2000, Tokens(1, 1))

    assert report("model")[0]["model"] == "x" * 512
