"""Calling a function for somebody: who hears it, and how its failures are said."""

from typing import Any

from shared.kinds.inference import RunChat
from workers import page_calls
from workers.inference.telling import Teller
from workers.live import Running
from workers.page_calls import Page
from workers.plugins import PluginFailed
from workers.plugins.listening import TurnListener


def listener_of(job: Running, request: RunChat, teller: Teller) -> TurnListener:
    """Make the one who hears what functions tell in the course of an answer."""
    return TurnListener(job, teller, page_calls.page_of(request, job.claim.user_id or ""))


def page_in(job: Running, chat: dict[str, Any]) -> Page | None:
    """Give the page that has sent a chat; None when it does not say which one it is."""
    session_id = chat.get("session_id")
    if not isinstance(session_id, str) or not session_id:
        return None
    return Page(job.claim.user_id or "", session_id, chat.get("chat_id"), chat.get("id"))


def in_words(error: PluginFailed) -> str:
    """Give the words of a failure as the contract has them."""
    return f"Error: {error.words or error.message}"
