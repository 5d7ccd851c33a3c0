"""Kinds of jobs for accounts."""

from shared.kinds.base import DEFAULT, JobSpec, Payload


class ClearAway(Payload):
    """Delete what is left of an account that is gone: its chats and its jobs."""

    user_id: str


class FetchPicture(Payload):
    """Fetch the picture of an account from where an identity provider has it."""

    user_id: str
    url: str


class TellAdmins(Payload):
    """Tell the admins' webhook that somebody has opened an account."""

    user_id: str


CLEAR_AWAY = JobSpec("accounts.clear_away", DEFAULT, ClearAway, is_visible=False)

FETCH_PICTURE = JobSpec("accounts.fetch_picture", DEFAULT, FetchPicture, is_visible=False)

TELL_ADMINS = JobSpec("accounts.tell_admins", DEFAULT, TellAdmins, is_visible=False)

SPECS = (CLEAR_AWAY, FETCH_PICTURE, TELL_ADMINS)
