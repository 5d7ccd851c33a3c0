"""What is sent to the webhook of a user, in the form of whoever runs it."""

from typing import Any
from urllib.parse import urlsplit

# Longer messages are refused by Discord.
# Source: https://discord.com/developers/docs/resources/webhook#execute-webhook.
_DISCORD_CHARACTERS = 2000
_CHAT_HOSTS = ("hooks.slack.com", "chat.googleapis.com")
_DISCORD_HOSTS = ("discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com")


def body_for(url: str, text: str, event: dict[str, Any]) -> dict[str, Any]:
    """Choose the form by the host.

    Args:
        url: The webhook's address.
        text: What people read.
        event: What programs read; sent to hosts that we do not know.

    Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
    https://developers.google.com/workspace/chat/quickstart/webhooks (`text`); for Discord above
    (`content`); for Teams https://learn.microsoft.com/en-us/microsoftteams/platform/
    webhooks-and-connectors/how-to/connectors-using (MessageCard).
    """
    host = urlsplit(url).hostname or ""
    if host in _CHAT_HOSTS:
        return {"text": text}
    if host in _DISCORD_HOSTS:
        return {"content": text[:_DISCORD_CHARACTERS]}
    if host == "webhook.office.com" or host.endswith(".webhook.office.com"):
        return {
            "@type": "MessageCard",
            "@context": "http://schema.org/extensions",
            "summary": str(event.get("title") or ""),
            "text": text,
        }
    return {"text": text, **event}
