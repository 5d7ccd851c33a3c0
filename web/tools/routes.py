"""Routes of tools."""

from flask import Blueprint

from shared.models.tool import Tool
from shared.services import tools
from web.api import endpoint
from web.auth import current_user
from web.tools.schemas import ToolResponse

bp = Blueprint("tools", __name__)


@bp.get("/")
@endpoint(response=list[ToolResponse])
def list_tools() -> list[Tool]:
    """List the tools that the user may use."""
    return tools.readable_by(current_user())
