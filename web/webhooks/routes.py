"""Routes of webhooks."""

from typing import Any

from flask import Blueprint

from shared.models.webhook import Webhook, WebhookDelivery
from shared.services import webhooks
from web.api import endpoint
from web.auth import current_user
from web.webhooks.schemas import (
    DeliveriesQuery,
    DeliveryResponse,
    NewWebhookResponse,
    WebhookForm,
    WebhookResponse,
)

bp = Blueprint("webhooks", __name__)
_UNKNOWN = {404: "No such webhook, or not yours"}
_NO_ADDRESS = {400: "Not a web address, or too many webhooks"}


@bp.get("/")
@endpoint(response=list[WebhookResponse])
def list_webhooks() -> list[Webhook]:
    """List one's webhooks, oldest first."""
    return webhooks.listed(current_user())


@bp.post("/")
@endpoint(body=WebhookForm, response=NewWebhookResponse, status=201, errors=_NO_ADDRESS)
def create_webhook(body: WebhookForm) -> dict[str, Any]:
    """Let an address hear of the ends of one's jobs; the secret in the answer is shown this
    once.
    """
    row, secret = webhooks.create(current_user(), body.url, [*dict.fromkeys(body.events)])
    shown = WebhookResponse.model_validate(row).model_dump()
    return {**shown, "secret": secret}


@bp.post("/<webhook_id>")
@endpoint(body=WebhookForm, response=WebhookResponse, errors=_UNKNOWN | _NO_ADDRESS)
def change_webhook(webhook_id: str, body: WebhookForm) -> Webhook:
    """Change a webhook; its secret stays."""
    events = [*dict.fromkeys(body.events)]
    return webhooks.change(current_user(), webhook_id, body.url, events, body.is_active)


@bp.delete("/<webhook_id>")
@endpoint(response=bool, errors=_UNKNOWN)
def delete_webhook(webhook_id: str) -> bool:
    """Take a webhook away."""
    webhooks.remove(current_user(), webhook_id)
    return True


@bp.post("/<webhook_id>/ping")
@endpoint(response=DeliveryResponse, status=202, errors=_UNKNOWN)
def ping_webhook(webhook_id: str) -> WebhookDelivery:
    """Send a message that says nothing, to try an address out."""
    return webhooks.ping(current_user(), webhook_id)


@bp.get("/<webhook_id>/deliveries")
@endpoint(query=DeliveriesQuery, response=list[DeliveryResponse], errors=_UNKNOWN)
def list_deliveries(webhook_id: str, query: DeliveriesQuery) -> list[WebhookDelivery]:
    """List the newest messages to an address, and what came of them."""
    return webhooks.deliveries(current_user(), webhook_id, query.limit)
