"""Routes of configuration."""

from typing import Any

from flask import Blueprint

from shared.config.options import get_options, option
from web.api import endpoint
from web.configs.schemas import Banner, BannersForm

bp = Blueprint("configs", __name__)


@bp.get("/banners")
@endpoint(response=list[Banner])
def list_banners() -> Any:
    """List the notices at the top of the page."""
    return option("WEBUI_BANNERS")


@bp.post("/banners")
@endpoint(body=BannersForm, response=list[Banner], transaction=None, who="admin")
def save_banners(body: BannersForm) -> Any:
    """Replace the notices."""
    get_options().set({"WEBUI_BANNERS": [banner.model_dump() for banner in body.banners]})
    return option("WEBUI_BANNERS")
