"""Routes of channels."""

from flask import Blueprint

from shared.models.channel import Channel
from shared.services import channels
from web.api import endpoint
from web.auth import current_user
from web.channels.schemas import ChannelResponse

bp = Blueprint("channels", __name__)


@bp.get("/")
@endpoint(response=list[ChannelResponse])
def list_channels() -> list[Channel]:
    """List the channels that the user may read."""
    return channels.readable_by(current_user())
