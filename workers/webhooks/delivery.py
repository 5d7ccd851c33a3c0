"""One try to send a message to an address."""

import logging
from typing import Any

import orjson

from shared import db
from shared.config.secrets import unseal
from shared.errors import NotFound, SwitchyardError
from shared.http import Fetcher, Limits
from shared.kinds.webhooks import DeliverWebhook
from shared.models.webhook import Webhook, WebhookDelivery
from shared.services import webhooks
from workers.live import Running
from workers.webhooks.forms import of_service

log = logging.getLogger(__name__)

_GONE = 410
# Not on to where an address leads: the signature is for the one that the user gave.
_LIMITS = Limits(size_bytes=64 * 1024, total_s=20.0, redirects=0)


class Delivery:
    """Sends one message, once; `shared.services.webhooks` decides on the next try."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, DeliverWebhook)  # noqa: S101 -- for the type checker: the kind decides
        self._job = job
        with db.reading() as session:
            row = session.get(WebhookDelivery, job.payload.delivery_id)
            webhook = session.get(Webhook, row.webhook_id) if row is not None else None
        if row is None or webhook is None or row.delivered_at is not None:
            raise NotFound("The message is gone, or has arrived.")
        if webhook.user_id != job.claim.user_id:
            raise NotFound("The webhook is another's.")
        self._row, self._webhook = row, webhook
        self._is_delivered = self._is_gone = False
        self._outcome = "not tried"

    def do(self) -> None:
        """Send it."""
        if not unseal(self._webhook.secret):
            self._outcome = "its secret cannot be read since WEBUI_SECRET_KEY has changed"
            self._is_gone = True
            return
        content = orjson.dumps(self._body())
        headers = webhooks.signed(self._row, self._webhook.secret, content)
        fetcher = Fetcher(_LIMITS)
        try:
            with self._job.abortable(fetcher.abort):
                answer = fetcher.fetch(self._webhook.url, "POST", headers, content)
        except SwitchyardError as error:
            self._job.check()
            self._outcome = error.message
            return
        self._is_delivered = 200 <= answer.status < 300
        self._is_gone = answer.status == _GONE
        self._outcome = f"status {answer.status}"

    def _body(self) -> dict[str, Any]:
        """Write the message: for programs, or as a service takes it that people read at."""
        told = self._row.content
        about = told.get("data") or {}
        words = [str(about[name]) for name in ("kind", "model", "job", "reason") if about.get(name)]
        text = " - ".join([self._row.event, *words])
        return of_service(self._webhook.url, text, self._row.event) or told

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Note what came of it."""
        webhooks.note(self._row.id, self._is_delivered, self._outcome, self._is_gone)
        return {"is_delivered": self._is_delivered, "outcome": self._outcome}
