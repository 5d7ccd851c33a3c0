"""The jobs of accounts."""

import base64
from typing import Any

from sqlalchemy import delete, select

from shared import db, http
from shared.config.options import option
from shared.errors import Invalid, NotFound
from shared.kinds.accounts import (
    CLEAR_AWAY,
    FETCH_PICTURE,
    TELL_ADMINS,
    ClearAway,
    FetchPicture,
    TellAdmins,
)
from shared.models.chat import Chat
from shared.models.job import Job
from shared.models.user import User
from shared.services import accounts, chats, content_types, jobs
from shared.services.accounts import Principal
from shared.services.arrivals import NO_PICTURE
from workers.base import task
from workers.live import Running
from workers.webhooks.posting import post

# So many go in one transaction: others want to write too. A chat takes some milliseconds, in which
# on SQLite no answer of this process goes on.
_AT_ONCE, _CHATS_AT_ONCE = 200, 5
# A picture is kept in the account's row, and sent with every list that shows the user.
_PICTURE = http.Limits(size_bytes=512 * 1024, total_s=15)
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


@task(CLEAR_AWAY)
class Clearing:
    """Deletes the chats and jobs of an account that is gone, a few at a time."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, ClearAway)  # noqa: S101 -- for the type checker: the kind decides
        self._job = job
        self._user_id = job.payload.user_id
        with db.reading():
            self._is_gone = accounts.by_id(self._user_id) is None

    def do(self) -> None:
        """Stop what still runs, then delete."""
        if not self._is_gone:
            return
        self._stop_jobs()
        for clear_some in (self._clear_chats, self._clear_jobs):
            while clear_some():
                self._job.check()

    def save(self, status: str, error: str | None) -> dict[str, Any]:  # noqa: ARG002 -- the protocol's signature
        """Nothing is left to be told."""
        return {}

    def _stop_jobs(self) -> None:
        # Whoever is gone has no rights; the jobs are stopped as if their owner did it.
        owner = Principal(self._user_id, "", "", accounts.USER, "")
        with db.reading():
            open_jobs = jobs.open_of(owner)
        for job_id in open_jobs:
            try:
                jobs.cancel(owner, job_id)
            except NotFound:
                continue  # deleted meanwhile

    def _clear_chats(self) -> bool:
        with db.transaction() as session:
            query = select(Chat.id).where(Chat.user_id == self._user_id).limit(_CHATS_AT_ONCE)
            ids = list(session.scalars(query))
            if ids:
                chats.remove_all(self._user_id, ids)
        return bool(ids)

    def _clear_jobs(self) -> bool:
        # A worker that still runs one finds that it is no longer its own, and stops.
        with db.transaction() as session:
            some = select(Job.id).where(Job.user_id == self._user_id).limit(_AT_ONCE)
            gone = session.execute(delete(Job).where(Job.id.in_(some)).returning(Job.id)).all()
        return bool(gone)


@task(FETCH_PICTURE)
class PictureFetch:
    """Fetches a picture and keeps it, unless the user has chosen another one meanwhile."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, FetchPicture)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._payload = job, job.payload
        self._image = ""

    def do(self) -> None:
        """Fetch it.

        Raises:
            Invalid: It is no picture.
        """
        fetcher = http.Fetcher(_PICTURE)
        with self._job.abortable(fetcher.abort):
            content = fetcher.fetch(self._payload.url).required().content
        kind = content_types.sniff(content[:4096], "")
        if kind not in _PICTURES:
            raise Invalid("What stands at this address is no picture.")
        self._image = f"data:{kind};base64,{base64.b64encode(content).decode()}"

    def save(self, status: str, error: str | None) -> dict[str, Any]:  # noqa: ARG002 -- the protocol's signature
        """Keep it."""
        user = accounts.by_id(self._payload.user_id)
        if self._image and user is not None and user.profile_image_url in ("", NO_PICTURE):
            accounts.set_profile(user.id, user.name, self._image)
        return {}


@task(TELL_ADMINS)
class Telling:
    """Posts to the admins' webhook that somebody has opened an account."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, TellAdmins)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._url = job, option("WEBHOOK_URL")
        with db.reading():
            self._user = accounts.by_id(job.payload.user_id)

    def do(self) -> None:
        """Post it, once.

        Raises:
            Invalid, NotFound, Unavailable: The webhook does not take it.
        """
        if not self._url or self._user is None:
            return
        event = _event(self._user)
        # The address is an admin's own: it may be in the house.
        post(self._job, self._url, event["message"], event, allows_private=True)

    def save(self, status: str, error: str | None) -> dict[str, Any]:  # noqa: ARG002 -- the protocol's signature
        """Nothing is left to be told."""
        return {}


def _event(user: User) -> dict[str, Any]:
    told = {"id": user.id, "name": user.name, "email": user.email, "role": user.role}
    words = f"New account: {user.name}"
    return {"action": "signup", "title": "New account", "message": words, "user": told}
