"""The jobs of channels."""

import logging
from typing import Any

from sqlalchemy import Text, cast, select

from shared import db
from shared.config.options import option
from shared.errors import SwitchyardError
from shared.kinds.channels import TELL_ABSENT, TellAbsent
from shared.models.channel import Channel, ChannelMessage
from shared.models.user import User
from shared.services import access, accounts, channel_messages, notifications, presence
from workers.base import task
from workers.live import Running, Stopped
from workers.webhooks.posting import post

log = logging.getLogger(__name__)


@task(TELL_ABSENT)
class Telling:
    """Posts a channel's message to the webhooks of members who are away."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, TellAbsent)  # noqa: S101 -- for the type checker: the kind decides
        self._job = job
        self._urls: list[str] = []
        self._text, self._event = "", dict[str, Any]()
        with db.reading() as session:
            message = session.get(ChannelMessage, job.payload.message_id)
            channel = session.get(Channel, message.channel_id) if message is not None else None
            if message is not None and channel is not None:
                self._load(channel, message)

    def _load(self, channel: Channel, message: ChannelMessage) -> None:
        here = {message.user_id, *presence.users()}
        self._urls = [url for user_id, url in _wishes() if _may_hear(user_id, channel, here)]
        link = f"{str(option('WEBUI_URL')).rstrip('/')}/channels/{channel.id}"
        self._text = f"#{channel.name} - {link}\n\n{message.content}"
        shown = channel_messages.show(message)
        shown["user"].pop("profile_image_url")
        self._event = {
            "action": "channel",
            "title": channel.name,
            "url": link,
            "message": shown,
        }

    def do(self) -> None:
        """Post it, to one after the other; who cannot be reached does not hear of it."""
        for url in self._urls:
            try:
                post(self._job, url, self._text, self._event)
            except Stopped:
                raise
            except SwitchyardError as error:
                log.info("a webhook could not be reached: %s", type(error).__name__)
            self._job.check()

    def save(self, status: str, error: str | None) -> dict[str, Any]:  # noqa: ARG002 -- the protocol's signature
        """Nothing is left to be told."""
        return {}


def _wishes() -> list[tuple[str, str]]:
    """List who wishes to be told, and where."""
    named = cast(User.settings, Text).contains("webhook_url")
    rows = db.session().execute(select(User.id, User.settings).where(named)).all()
    found = ((user_id, notifications.address_in(settings or {})) for user_id, settings in rows)
    return [(user_id, url) for user_id, url in found if url]


def _may_hear(user_id: str, channel: Channel, here: set[str]) -> bool:
    user = None if user_id in here else accounts.principal_of(user_id)
    return user is not None and access.can(user, "read", channel)
