"""The forms in which services take a message."""

import pytest

from workers.webhooks.forms import body_for, of_service

URL = "https://example.com/hook"
NOBODY = {"allowed_mentions": {"parse": []}}
EVENT = {"title": "general", "x": 1}


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("https://hooks.slack.com/services/x", {"text": "Hello"}),
        ("https://chat.googleapis.com/v1/x", {"text": "Hello"}),
        ("https://hooks.slack-gov.com/services/x", {"text": "Hello"}),
        ("https://discord.com/api/webhooks/x", {"content": "Hello", **NOBODY}),
        ("https://canary.discord.com/api/webhooks/x", {"content": "Hello", **NOBODY}),
        (URL, {"text": "Hello", **EVENT}),
        ("https://hooks.slack.com.example.com/x", {"text": "Hello", **EVENT}),
        ("https://example.com/?hooks.slack.com", {"text": "Hello", **EVENT}),
    ],
)
def test_each_service_gets_its_own_form(url, body):
    assert body_for(url, "Hello", EVENT) == body


@pytest.mark.parametrize(
    ("url", "name", "longest"),
    [
        ("https://discord.com/x", "content", 2000),
        ("https://chat.googleapis.com/x", "text", 4096),
        ("https://hooks.slack.com/x", "text", 40_000),
        ("https://acme.webhook.office.com/x", "text", 7000),
    ],
)
def test_a_text_is_cut_where_a_longer_one_is_refused(url, name, longest):
    assert len(body_for(url, "x" * 100_000, EVENT)[name]) == longest


def test_what_a_model_writes_calls_nobody():
    slack = of_service("https://hooks.slack.com/x", "a < b & <!channel>")
    google = of_service("https://chat.googleapis.com/x", "<users/all> come")

    assert slack == {"text": "a &lt; b &amp; &lt;!channel&gt;"}
    assert "<users/" not in google["text"]


def test_teams_gets_a_card():
    card = body_for("https://acme.webhook.office.com/x", "Hello", EVENT)

    assert (card["@type"], card["summary"], card["text"]) == ("MessageCard", "general", "Hello")


def test_a_workflow_of_teams_gets_an_adaptive_card():
    body = body_for("https://prod-1.westeurope.logic.azure.com/workflows/x", "Hello", EVENT)

    [attachment] = body["attachments"]
    assert body["type"] == "message"
    assert attachment["content"]["body"] == [{"type": "TextBlock", "text": "Hello", "wrap": True}]


@pytest.mark.parametrize("url", [URL, "no address", "https://", ""])
def test_of_other_addresses_no_service_is_known(url):
    assert of_service(url, "Hello") is None
