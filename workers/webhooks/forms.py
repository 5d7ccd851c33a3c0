"""The forms in which the services that people read at take a message at their webhooks."""

from typing import Any
from urllib.parse import urlsplit

# Longer texts are refused. Source: https://discord.com/developers/docs/resources/webhook and
# https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages.
_DISCORD_CHARACTERS, _GOOGLE_CHARACTERS = 2000, 4096
# Source: https://docs.slack.dev/changelog/2018-truncating-really-long-messages, and
# https://learn.microsoft.com/en-us/microsoftteams/limits-specifications-teams (28 KB a message).
_SLACK_CHARACTERS, _TEAMS_CHARACTERS = 40_000, 7_000
_SLACK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
# What models and users write calls nobody: `<users/all>` would call a whole space.
_GOOGLE_CALL, _NO_CALL = "<users/", "<\u200busers/"
_DISCORD_HOSTS = ("discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com")
# Power Automate's, which replaces connectors in Teams.
_CARD_HOSTS = (".logic.azure.com", ".api.powerplatform.com")


def of_service(url: str, text: str, title: str = "") -> dict[str, Any] | None:
    """Write a message as the service takes it that runs an address; None when we know none.

    Args:
        url: The webhook's address.
        text: What people read.
        title: What it is about, where the form has a place for it.

    Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
    https://developers.google.com/workspace/chat/quickstart/webhooks (`text`); for Discord above
    (`content`); for Teams https://learn.microsoft.com/en-us/microsoftteams/platform/
    webhooks-and-connectors/how-to/connectors-using (MessageCard, AdaptiveCard).
    """
    host = urlsplit(url).hostname or ""
    if host in _SLACK_HOSTS:
        return {"text": _for_slack(text)}
    if host == "chat.googleapis.com":
        return {"text": text.replace(_GOOGLE_CALL, _NO_CALL)[:_GOOGLE_CHARACTERS]}
    if host in _DISCORD_HOSTS:
        return {"content": text[:_DISCORD_CHARACTERS], "allowed_mentions": {"parse": []}}
    if host == "webhook.office.com" or host.endswith(".webhook.office.com"):
        return _message_card(text[:_TEAMS_CHARACTERS], title)
    return _adaptive_card(text[:_TEAMS_CHARACTERS]) if host.endswith(_CARD_HOSTS) else None


def _for_slack(text: str) -> str:
    """Write a text so that Slack shows it as it is, and calls nobody (`<!channel>`).

    Source: https://docs.slack.dev/messaging/formatting-message-text, "Escaping text".
    """
    for letter, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(letter, written)
    return text[:_SLACK_CHARACTERS]


def body_for(url: str, text: str, event: dict[str, Any]) -> dict[str, Any]:
    """Write a message in the form of its service, or else for programs.

    Args:
        text: What people read.
        event: What programs read.
    """
    return of_service(url, text, str(event.get("title") or "")) or {"text": text, **event}


def _message_card(text: str, title: str) -> dict[str, Any]:
    return {
        "@type": "MessageCard",
        "@context": "http://schema.org/extensions",
        "summary": title,
        "text": text,
    }


def _adaptive_card(text: str) -> dict[str, Any]:
    card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": text, "wrap": True}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}
