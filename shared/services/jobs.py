"""Jobs as their owners see them: accept within limits, list, cancel, retry."""

import logging
from collections.abc import Sequence
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import bindparam, delete, func, select

from shared import db, leases, queue, relay
from shared.config.settings import get_settings
from shared.errors import Busy, Invalid, NotFound
from shared.ids import first_id_at, new_id, now_s
from shared.kinds import SPECS
from shared.kinds.base import JobSpec, Payload
from shared.kinds.inference import RUN_CHAT
from shared.models.job import CANCELLED, FAILED, QUEUED, RUNNING, Job
from shared.prepared import Prepared
from shared.queue import Subject
from shared.services import access, chats, live_answers, messages, quotas, webhooks
from shared.services.accounts import Principal
from shared.services.answers import Answer
from shared.services.quotas import Asker

log = logging.getLogger(__name__)

OPEN = (QUEUED, RUNNING)
_LAST_WORDS_S = 2
# As long as there is room for so many more, nobody is made to wait for others to be counted.
_MOST_AT_ONCE = 200
_PURGED_AT_ONCE = 200
_WAITING = Prepared(
    select(func.count()).where(Job.status == QUEUED, Job.user_id == bindparam("whose"))
)


def accept(spec: JobSpec, payload: Payload, subject: Subject, job_id: str | None = None) -> str:
    """Take a job for a user, unless too many of that user's wait already or a quota is used up.

    Raises:
        Busy: The user's queue is full, or a quota is used up.
    """
    limit = get_settings().job_max_queued_per_user
    if limit and subject.user_id and _is_full(subject.user_id, limit):
        raise Busy(
            f"{limit} of your jobs are waiting already. Try again when some have ended.", 5.0
        )
    job_id, held = job_id or new_id(), None
    if subject.user_id:
        model, is_by_key = getattr(payload, "model", None), quotas.is_by_key.get()
        asker = Asker(subject.user_id, model, is_by_key)
        held = quotas.admit(asker, job_id, getattr(payload, "body", None) or {})
    return queue.enqueue(spec, payload, subject, job_id, held)


def _is_full(user_id: str, limit: int) -> bool:
    """Whether so many jobs of a user wait; those who come at once are counted one after another."""
    if _count_waiting(user_id) + _MOST_AT_ONCE < limit:
        return False
    db.lock_for_update(f"queue of {user_id}")
    return _count_waiting(user_id) >= limit


def _count_waiting(user_id: str) -> int:
    return int(_WAITING.run(db.connection(), {"whose": user_id}).rows[0][0])


def find(user: Principal, job_id: str, action: str = "read") -> Job:
    """Give a job to those who may see it.

    Raises:
        NotFound: There is none, or not for this user; the two are not told apart.
    """
    job = db.session().get(Job, job_id)
    if job is None or not access.can(user, action, job):
        raise NotFound
    return job


def listed(user: Principal, status: str | None, before: str | None, limit: int) -> list[Job]:
    """List a user's own jobs, newest first.

    Args:
        status: Only those, when given.
        before: Id of the last job of the page before.
        limit: At most this many.
    """
    shown = [name for name, spec in SPECS.items() if spec.is_visible]
    query = select(Job).where(Job.user_id == user.id, Job.kind.in_(shown))
    if status is not None:
        query = query.where(Job.status == status)
    if before is not None:
        query = query.where(Job.id < before)
    return list(db.session().scalars(query.order_by(Job.id.desc()).limit(limit)))


def open_of_chat(user: Principal, chat_id: str, kind: JobSpec | None = None) -> list[str]:
    """List the jobs that still work on a chat, as far as this user may see them.

    Args:
        kind: Only those, when given.
    """
    query = select(Job).where(Job.chat_id == chat_id, Job.status.in_(OPEN))
    if kind is not None:
        query = query.where(Job.kind == kind.name)
    return [job.id for job in db.session().scalars(query) if access.can(user, "read", job)]


def open_of_chats(user: Principal, chat_ids: Sequence[str]) -> list[str]:
    """List the jobs that still work on some chats, as far as this user may see them."""
    query = select(Job).where(Job.chat_id.in_(chat_ids), Job.status.in_(OPEN))
    return [job.id for job in db.session().scalars(query) if access.can(user, "read", job)]


def open_of(user: Principal) -> list[str]:
    """List a user's jobs that have not ended, oldest first."""
    return list(
        db.session().scalars(
            select(Job.id).where(Job.user_id == user.id, Job.status.in_(OPEN)).order_by(Job.id)
        )
    )


def cancel(user: Principal, job_id: str) -> str:
    """Ask for a job's end; as often as one likes. Runs its own transaction.

    Returns:
        The job's status after the call: `cancelled` when it had not started, `running` when its
        worker
        is being told, else how it had ended.

    Raises:
        NotFound: No such job for this user.
    """
    with db.reading():
        job = find(user, job_id, "cancel")
    said = _said_before_it_waited(job)
    with db.transaction():
        job = find(user, job_id, "cancel")
        before, attempt = leases.cancel(job_id), job.attempt
        if before == QUEUED:
            _keep_what_was_said(job, said)
            held = job.held
            _tell_listeners(job)
            db.after_commit(lambda: quotas.settle(None, held, job_id, None))
    try:
        if before == QUEUED:
            relay.append(job_id, attempt, CANCELLED, {})
        elif before == RUNNING:
            relay.tell_workers_to_cancel(job_id)
    except RedisError as error:
        log.warning("that job %s is cancelled is told by its row only: %s", job_id, error)
    return CANCELLED if before == QUEUED else before


def _tell_listeners(job: Job) -> None:
    if job.user_id is not None and SPECS[job.kind].is_visible:
        about = {"job": job.id, "kind": job.kind, "status": CANCELLED, "model": job.model}
        webhooks.job_ended(job.user_id, CANCELLED, about)


def _said_before_it_waited(job: Job) -> Answer:
    """Read what a job has said that waits for its next worker, because it lost one."""
    try:
        return live_answers.so_far(job.id) if job.status == QUEUED and job.attempt else Answer()
    except RedisError:
        return Answer()


def _keep_what_was_said(job: Job, said: Answer) -> None:
    if said.text:
        job.result = {"text": said.text}
    if job.chat_id and job.message_id:
        fields = {"cancelled": True}
        messages.finish_answer(job.chat_id, job.message_id, job.id, said.content(), fields)


def retry(user: Principal, job_id: str) -> str:
    """Do a job again that failed or was cancelled, as a new job.

    Returns:
        The new job's id.

    Raises:
        NotFound: No such job for this user.
        Invalid: It has not ended, or has ended well, or a newer version has accepted it.
    """
    job = find(user, job_id, "write")
    if job.status not in (FAILED, CANCELLED):
        raise Invalid(
            f"Only jobs that failed or were cancelled can be done again; this one is {job.status}."
        )
    spec = SPECS.get(job.kind)
    if spec is None or not spec.knows(job.request):
        raise Invalid("A newer version of this server has accepted the job, and can do it again.")
    subject = Subject(job.user_id, job.chat_id, job.message_id, job.parent_id)
    again = accept(spec, spec.payload.model_validate(job.request), subject)
    if spec is RUN_CHAT and job.chat_id and job.message_id:
        _answer_again(job, job.chat_id, job.message_id, again)
    return again


def _answer_again(job: Job, chat_id: str, message_id: str, new_id: str) -> None:
    """Make a message ready for another try; where the first one went on from stands in its
    request.
    """
    last = (job.request["body"].get("messages") or [{}])[-1]
    text = last.get("content") if last.get("role") == "assistant" else ""
    before = text if isinstance(text, str) else ""
    chat = chats.find(chat_id)
    messages.start_answer(chat, message_id, new_id, job.model or "", before)
    queue.announce(new_id, RUN_CHAT, chat.user_id, chat_id, message_id, before)


def last_event(job: Job) -> tuple[str, dict[str, Any]] | None:
    """Give the ending of a job as the database has it; None while it has not ended."""
    if job.status in OPEN:
        return None
    failure = {"error": job.error or "The job failed."} if job.status == FAILED else {}
    return job.status, {**(job.result or {}), **failure}


def has_just_ended(job: Job) -> bool:
    """Whether a job ended so short a time ago that its worker may still write its last events."""
    return job.finished_at is not None and 0 <= now_s() - job.finished_at < _LAST_WORDS_S


def close_log(job: Job) -> None:
    """Write into a log what it lacks of a job that has ended, because its worker died in between:
    the rest of the text and the ending. Harmless when nothing is missing.
    """
    ending = last_event(job)
    if ending is None:
        return
    last = relay.encode(ending[0], job.attempt, ending[1])
    relay.close(job.id, [*_unsaid(job), last])


def _unsaid(job: Job) -> list[bytes]:
    """Write the events that a log lacks of its job's text."""
    text, said = str((job.result or {}).get("text") or ""), live_answers.so_far(job.id).text
    if not text or text == said:
        return []
    if text.startswith(said):
        return [relay.encode("delta", job.attempt, {"text": text[len(said) :]})]
    anew = {"attempt": job.attempt, "reason": "worker lost"}
    return [
        relay.encode("restarted", job.attempt, anew),
        relay.encode("delta", job.attempt, {"text": text}),
    ]


def purge(before: int) -> int:
    """Delete jobs that were accepted and ended before a moment; runs transactions of its own, short
    ones, so that nobody waits for the writer.

    Args:
        before: Seconds since the epoch.

    Returns:
        How many there were.
    """
    count = 0
    while some := _purge_some(before):
        count += some
    return count


def _purge_some(before: int) -> int:
    # By id, which tells the time and has the only index that helps: rows are large.
    old = select(Job.id).where(Job.id < first_id_at(before), Job.finished_at < before)
    some = delete(Job).where(Job.id.in_(old.order_by(Job.id).limit(_PURGED_AT_ONCE)))
    with db.transaction() as session:
        return len(session.execute(some.returning(Job.id)).all())
