"""Routes of configuration."""

from typing import Any

from flask import Blueprint

from shared.config.options import option
from shared.config.options.shapes import Banner, Suggestion, ToolServer
from shared.services import configuration, models
from shared.services.configuration import Unusable
from web import audit
from web.api import endpoint
from web.configs.config import CODE_EXECUTION, DIRECT_CONNECTIONS, MODELS, TOOL_SERVERS
from web.configs.schemas import BannersForm, ImportForm, SuggestionsForm
from web.editor import add_editor, as_bad_body
from web.tools import servers

bp = Blueprint("configs", __name__)

add_editor(bp, DIRECT_CONNECTIONS, "/direct_connections")
add_editor(bp, TOOL_SERVERS, "/tool_servers")
add_editor(bp, CODE_EXECUTION, "/code_execution")
add_editor(bp, MODELS, "/models")


@bp.post("/tool_servers/verify")
@endpoint(
    body=ToolServer,
    transaction=None,
    who="admin",
    errors={400: "The server cannot be used"},
)
def verify_tool_server(body: ToolServer) -> dict[str, Any]:
    """Ask a server of tools what it offers; nothing is saved."""
    return servers.verified(body)


@bp.get("/banners")
@endpoint(response=list[Banner])
def list_banners() -> Any:
    """List the notices at the top of the page."""
    return option("WEBUI_BANNERS")


@bp.post("/banners")
@endpoint(body=BannersForm, response=list[Banner], transaction=None, who="admin")
def save_banners(body: BannersForm) -> Any:
    """Replace the notices."""
    configuration.save({"WEBUI_BANNERS": [banner.model_dump() for banner in body.banners]})
    return option("WEBUI_BANNERS")


@bp.post("/suggestions")
@endpoint(body=SuggestionsForm, response=list[Suggestion], transaction=None, who="admin")
def save_suggestions(body: SuggestionsForm) -> Any:
    """Replace what an empty chat suggests."""
    configuration.save({"DEFAULT_PROMPT_SUGGESTIONS": body.suggestions})
    return option("DEFAULT_PROMPT_SUGGESTIONS")


@bp.get("/export")
@endpoint(transaction=None, who="admin")
def export_tree() -> dict[str, Any]:
    """Give all options that were ever saved as a tree; secrets are masked."""
    return configuration.tree()


@bp.post("/import")
@endpoint(body=ImportForm, transaction=None, who="admin")
def import_tree(body: ImportForm) -> dict[str, Any]:
    """Save the options of an exported tree, and give the new one; what it does not name stays."""
    try:
        configuration.save_tree(body.config)
    except Unusable as error:
        raise as_bad_body(
            {("config", *configuration.path(name)): words for name, words in error.problems.items()}
        ) from None
    audit.note("imported options")
    models.outdate_offer()
    return configuration.tree()
