"""Telling users who are away that an answer of theirs is there."""

import logging
from typing import Any

from shared import db
from shared.config.options import option
from shared.errors import SwitchyardError
from shared.kinds.webhooks import TellFinished
from shared.models.chat import Chat
from shared.services import access, accounts, messages, notifications, presence
from workers.inference.prompts import without_details
from workers.live import Running, Stopped
from workers.webhooks.posting import post

log = logging.getLogger(__name__)


class Telling:
    """Posts an answer to the webhook of the user who asked for it."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, TellFinished)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._url = job, ""
        user_id = job.claim.user_id or ""
        if user_id in presence.users():
            return
        with db.reading() as session:
            chat = session.get(Chat, job.claim.chat_id)
            answer = messages.find(job.claim.chat_id or "", job.claim.message_id or "")
            user = accounts.principal_of(user_id)
            if chat is None or answer is None or user is None:
                return
            if access.can(user, "read", chat):
                self._url = notifications.address_of(user_id)
                self._title, self._answer = chat.title, without_details(answer.content)

    def do(self) -> None:
        """Post it; who cannot be reached does not hear of it."""
        if not self._url:
            return
        link = f"{str(option('WEBUI_URL')).rstrip('/')}/c/{self._job.claim.chat_id}"
        about = {"title": self._title, "url": link, "message": self._answer}
        text = f"{self._title} - {link}\n\n{self._answer}"
        try:
            post(self._job, self._url, text, {"action": "chat", **about})
        except Stopped:
            raise
        except SwitchyardError as error:
            log.info("a webhook could not be reached: %s", type(error).__name__)

    def save(self, status: str, error: str | None) -> dict[str, Any]:  # noqa: ARG002 -- the protocol's signature
        """Nothing is left to be told."""
        return {}
