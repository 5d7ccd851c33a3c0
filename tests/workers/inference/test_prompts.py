"""The prompts of small tasks: how their placeholders are filled."""

import re

import pytest

from workers.inference.prompts import TAGS, TITLE, fill, without_details

CHAT = [
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "two"},
    {"role": "user", "content": "three"},
    {"role": "assistant", "content": "four"},
]
ALL = "USER: one\nASSISTANT: two\nUSER: three\nASSISTANT: four"


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{{MESSAGES}}", ALL),
        ("{{MESSAGES:START:2}}", "USER: one\nASSISTANT: two"),
        ("{{MESSAGES:END:2}}", "USER: three\nASSISTANT: four"),
        ("{{MESSAGES:END:1}} {{MESSAGES:START:1}}", "ASSISTANT: four USER: one"),
        ("{{MESSAGES:MIDDLETRUNCATE:2}}", "USER: one\nASSISTANT: four"),
        ("{{MESSAGES:MIDDLETRUNCATE:3}}", "USER: one\nASSISTANT: two\nASSISTANT: four"),
        ("{{MESSAGES:MIDDLETRUNCATE:9}}", ALL),
        ("{{MESSAGES:END:99}}", ALL),
        ("{{prompt}}", "three"),
        ("{{prompt:start:2}}", "th"),
        ("{{prompt:end:3}}", "ree"),
        ("{{prompt:end:0}}", ""),
        ("{{prompt:middletruncate:4}}", "th...ee"),
        ("{{prompt:middletruncate:99}}", "three"),
        ("{{USER_NAME}} at {{USER_LOCATION}}", "Ada at Unknown"),
        ("{{UNKNOWN}} {MESSAGES}", "{{UNKNOWN}} {MESSAGES}"),
        ("{{MESSAGES:LAST:2}}", "{{MESSAGES:LAST:2}}"),
        ("no placeholder", "no placeholder"),
    ],
)
def test_placeholders_are_filled(template, filled):
    assert fill(template, CHAT, "Ada") == filled


def test_the_moment_is_filled_in():
    filled = fill("{{CURRENT_DATE}} {{CURRENT_TIME}} {{CURRENT_WEEKDAY}}", CHAT, "Ada")

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z][a-z]+day", filled)
    assert fill("{{CURRENT_DATETIME}}", CHAT, "Ada")[:10] == filled[:10]


def test_what_a_user_wrote_is_no_template():
    chat = [{"role": "user", "content": "{{MESSAGES}} \\1 {{USER_NAME}}"}]

    assert fill("<{{prompt}}>", chat, "Ada") == "<{{MESSAGES}} \\1 {{USER_NAME}}>"
    assert fill("{{USER_NAME}}", chat, "{{prompt}}") == "{{prompt}}"
    assert fill("{{MESSAGES}}", chat, "Ada") == "USER: {{MESSAGES}} \\1 {{USER_NAME}}"


def test_a_chat_without_a_question_has_no_prompt():
    assert fill("<{{prompt}}>", [CHAT[1]], "Ada") == "<>"
    assert fill("<{{MESSAGES}}>", [], "Ada") == "<>"


@pytest.mark.parametrize(("prompt", "name"), [(TITLE, "title"), (TAGS, "tags")])
def test_the_built_in_prompts_ask_for_json_and_show_the_chat(prompt, name):
    filled = fill(prompt, CHAT, "Ada")

    assert f'"{name}"' in filled
    assert "ASSISTANT: four" in filled
    assert "{{" not in filled


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("plain", "plain"),
        ('<details type="reasoning" done="true">\nhm\n</details>\nYes.', "Yes."),
        ("a <details>x</details> b <details open>y</details> c", "a b c"),
        ("<details>never closed", "<details>never closed"),
        ("<detailsx>kept</detailsx>", "<detailsx>kept</detailsx>"),
    ],
)
def test_what_the_page_folds_away_is_left_out(content, shown):
    assert without_details(content) == shown
