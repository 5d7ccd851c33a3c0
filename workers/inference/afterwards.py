"""What is ordered when an answer stands in its chat; joins the transaction that ends its job."""

from shared import queue
from shared.config.options import option
from shared.kinds.base import JobSpec, Payload
from shared.kinds.inference import (
    WRITE_FOLLOW_UPS,
    WRITE_TAGS,
    WRITE_TITLE,
    RunChat,
    WriteFollowUps,
    WriteTags,
    WriteTitle,
)
from shared.kinds.webhooks import TELL_FINISHED, TellFinished
from shared.leases import Claim
from shared.queue import Subject
from shared.services import chats, messages, notifications

# A question and its answer.
_FIRST_TURN = 2


def order(claim: Claim, request: RunChat) -> None:
    """Order title, tags and follow-ups, as far as they are wanted, and that the user is told."""
    about = {name: getattr(request, name) for name in WriteTitle.model_fields}
    if request.wants_title and option("ENABLE_TITLE_GENERATION"):
        _order(claim, WRITE_TITLE, WriteTitle(**about))
    if request.wants_tags and option("ENABLE_TAGS_GENERATION"):
        _order(claim, WRITE_TAGS, WriteTags(**about))
    if request.wants_follow_ups and option("ENABLE_FOLLOW_UP_GENERATION"):
        _order(claim, WRITE_FOLLOW_UPS, WriteFollowUps(**about))
    if request.takes_question_as_title:
        _name_chat(claim)
    if notifications.address_of(claim.user_id or ""):
        queue.enqueue(TELL_FINISHED, TellFinished(), _subject(claim))


def _name_chat(claim: Claim) -> None:
    """Let the first question be the chat's title, as for users who want none made."""
    chat_id, message_id = claim.chat_id or "", claim.message_id or ""
    path = messages.path_to(chat_id, message_id, _FIRST_TURN + 1)
    if len(path) == _FIRST_TURN and path[0].content.strip():
        chats.set_title(chat_id, path[0].content.strip()[: chats.LONGEST_TITLE])


def _order(claim: Claim, spec: JobSpec, payload: Payload) -> None:
    job_id = queue.enqueue(spec, payload, _subject(claim))
    place = claim.user_id or "", claim.chat_id or "", claim.message_id or ""
    queue.announce(job_id, spec, *place)


def _subject(claim: Claim) -> Subject:
    return Subject(claim.user_id, claim.chat_id, claim.message_id, claim.id)
