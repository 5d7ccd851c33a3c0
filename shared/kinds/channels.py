"""Kinds of jobs for channels."""

from shared.kinds.base import DEFAULT, JobSpec, Payload


class TellAbsent(Payload):
    """Tell members who are not connected of a message, where they wish to be told."""

    message_id: str


TELL_ABSENT = JobSpec("channels.tell_absent", DEFAULT, TellAbsent, is_visible=False)

SPECS = (TELL_ABSENT,)
