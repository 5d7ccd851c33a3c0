"""Routes of usage."""

from typing import Any

from flask import Blueprint

from shared.services import access, usage
from web.api import endpoint
from web.auth import current_user
from web.usage.schemas import UsageQuery, UsageResponse

bp = Blueprint("usage", __name__)


@bp.get("/")
@endpoint(query=UsageQuery, response=UsageResponse)
def show_usage(query: UsageQuery) -> dict[str, Any]:
    """Sum up what was used: one's own; for admins everybody's, or one user's."""
    user = current_user()
    if query.user is not None and query.user != user.id:
        access.require(user, "read", "admin")
    whose = query.user if access.can(user, "read", "admin") else user.id
    page = (query.offset, query.limit)
    items = usage.report(query.groups, query.days, whose, query.model, page)
    more = query.offset + query.limit if len(items) == query.limit else None
    return {"items": items, "next_offset": more}
