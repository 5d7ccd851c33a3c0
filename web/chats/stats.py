"""Routes that count what is in one's chats."""

from typing import Any

from flask import Blueprint

from shared.services import chat_stats, chats
from web.api import endpoint
from web.auth import current_user
from web.chats.loading import HIDDEN, loaded, own
from web.chats.schemas import (
    ExportQuery,
    ExportsResponse,
    StatsExport,
    SummariesResponse,
    SummaryQuery,
)

bp = Blueprint("chat_stats", __name__)

_EXPORTS_A_PAGE = 20


@bp.get("/stats/usage")
@endpoint(query=SummaryQuery, response=SummariesResponse)
def show_summaries(query: SummaryQuery) -> dict[str, Any]:
    """Count messages, models and lengths in one's chats, newest change first."""
    found = chats.titles(current_user().id)
    skip = (query.page - 1) * query.items_per_page
    ids = [chat.id for chat in chats.portion_of(found, skip, query.items_per_page)]
    items = [chat_stats.summary(chat, rows) for chat, rows in chats.whole(ids)]
    return {"items": items, "total": chats.count(found)}


@bp.get("/stats/export")
@endpoint(query=ExportQuery, response=ExportsResponse)
def export_stats(query: ExportQuery) -> dict[str, Any]:
    """Give the numbers of one's chats and of their messages, without any words."""
    found = chats.titles(current_user().id)
    if query.updated_at is not None:
        found = chats.changed_since(found, query.updated_at)
    skip = (query.page - 1) * _EXPORTS_A_PAGE
    ids = [chat.id for chat in chats.portion_of(found, skip, _EXPORTS_A_PAGE)]
    items = [chat_stats.export(chat, rows) for chat, rows in chats.whole(ids)]
    return {"items": items, "total": chats.count(found), "page": query.page}


@bp.get("/stats/export/<chat_id>")
@endpoint(response=StatsExport, errors=HIDDEN)
def export_stats_of_chat(chat_id: str) -> dict[str, Any]:
    """Give the numbers of one chat and of its messages."""
    return chat_stats.export(*loaded(own(chat_id, "read")))
