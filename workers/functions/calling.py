"""Calling a function for somebody: who hears it, and how its failures are said."""

from shared.kinds.inference import RunChat
from workers import page_calls
from workers.inference.telling import Teller
from workers.live import Running
from workers.plugins import PluginFailed
from workers.plugins.listening import TurnListener


def listener_of(job: Running, request: RunChat, teller: Teller) -> TurnListener:
    """Make the one who hears what functions tell in the course of an answer."""
    return TurnListener(job, teller, page_calls.page_of(request, job.claim.user_id or ""))


def in_words(error: PluginFailed) -> str:
    """Give the words of a failure as the contract has them."""
    return f"Error: {error.words or error.message}"
