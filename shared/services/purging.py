"""Deleting what is past its time, and nobody asks for any more."""

from dataclasses import dataclass

from shared import db
from shared.ids import now_s
from shared.services import accounts, collections, files, jobs, speech, webhooks

_DAY_S = 86_400
_CLIPS_LAST_S = 7 * _DAY_S
# What a web search has found is of use while its answer is written.
_SEARCHES_LAST_S = 7 * _DAY_S


@dataclass(frozen=True)
class Purged:
    """How much there was."""

    jobs: int
    sign_ins: int
    clips: int


def purge(days: int) -> Purged:
    """Delete ended jobs and their messages, expired sign-ins and files, spoken texts and finds of
    web searches; runs transactions of its own.

    Args:
        days: Jobs that ended longer ago than so many days.
    """
    before = now_s() - days * _DAY_S
    old_jobs = jobs.purge(before)
    with db.transaction():
        old_sign_ins = accounts.purge_sessions()
        webhooks.purge(before)
        collections.forget_searches(now_s() - _SEARCHES_LAST_S)
    files.purge()
    return Purged(old_jobs, old_sign_ins, speech.purge_clips(_CLIPS_LAST_S))
