"""Webhooks: who hears of the end of whose jobs, and the messages on their way.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select

from shared import db, queue
from shared.addresses import require_outside
from shared.config.secrets import seal, unseal
from shared.errors import Invalid, NotFound
from shared.ids import new_id, now_s
from shared.kinds.webhooks import DELIVER_WEBHOOK, DeliverWebhook
from shared.models.job import CANCELLED, COMPLETED, FAILED
from shared.models.webhook import Webhook, WebhookDelivery
from shared.queue import Subject
from shared.services import access
from shared.services.accounts import Principal
from shared.versioned import Versioned

PING = "ping"
EVENTS = tuple(f"job.{status}" for status in (COMPLETED, FAILED, CANCELLED))
_PREFIX = "whsec_"
_MOST_PER_USER = 20
# Pauses before the tries that follow a failed one.
_PAUSES_S = (5, 60, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600)
# A try that was begun and of which nothing is heard is made again after so long.
_PATIENCE_S = 300
_SENT_AT_ONCE = 200


@dataclass(frozen=True)
class _Listener:
    id: str
    user_id: str
    events: tuple[str, ...]


_listeners = Versioned(
    "webhooks",
    lambda: [
        _Listener(row.id, row.user_id, tuple(row.events))
        for row in db.session().scalars(select(Webhook).where(Webhook.is_active))
    ],
)


def forget() -> None:
    """Make the next reader look for changes."""
    _listeners.forget()


# What users do


def listed(user: Principal) -> list[Webhook]:
    """List a user's webhooks, oldest first."""
    query = select(Webhook).where(Webhook.user_id == user.id).order_by(Webhook.id)
    return list(db.session().scalars(query))


def find(user: Principal, webhook_id: str, action: str = "read") -> Webhook:
    """Give a webhook to those who may have it.

    Raises:
        NotFound: There is none, or not for this user; the two are not told apart.
    """
    row = db.session().get(Webhook, webhook_id)
    if row is None or not access.can(user, action, row):
        raise NotFound
    return row


def create(user: Principal, url: str, events: Sequence[str]) -> tuple[Webhook, str]:
    """Let an address hear of a user's jobs.

    Returns:
        The webhook, and its secret, which is shown this once.

    Raises:
        Invalid: It is no web address or leads inside, or the user has too many.
    """
    count = select(func.count()).where(Webhook.user_id == user.id)
    if (db.session().scalar(count) or 0) >= _MOST_PER_USER:
        raise Invalid(f"You have {_MOST_PER_USER} webhooks already; remove one of them first.")
    secret, now = _PREFIX + base64.b64encode(secrets.token_bytes(24)).decode(), now_s()
    row = Webhook(
        id=new_id(),
        user_id=user.id,
        url=require_outside(url),
        secret=seal(secret),
        events=[*events],
        is_active=True,
        created_at=now,
        updated_at=now,
    )
    db.session().add(row)
    db.session().flush()
    _listeners.changed()
    return row, secret


def change(
    user: Principal, webhook_id: str, url: str, events: Sequence[str], is_active: bool
) -> Webhook:
    """Change a webhook; its secret stays.

    Raises:
        NotFound: No such webhook for this user.
        Invalid: It is no web address, or leads inside.
    """
    row = find(user, webhook_id, "write")
    row.url, row.events, row.is_active = require_outside(url), [*events], is_active
    row.updated_at = now_s()
    _listeners.changed()
    return row


def remove(user: Principal, webhook_id: str) -> None:
    """Take a webhook away, and the messages that are on their way to it.

    Raises:
        NotFound: No such webhook for this user.
    """
    db.session().delete(find(user, webhook_id, "delete"))
    _listeners.changed()


def ping(user: Principal, webhook_id: str) -> WebhookDelivery:
    """Send a message that says nothing, to try an address out.

    Raises:
        NotFound: No such webhook for this user.
    """
    return _send(find(user, webhook_id, "write").id, user.id, PING, {})


def deliveries(user: Principal, webhook_id: str, limit: int) -> list[WebhookDelivery]:
    """List the newest messages to a webhook.

    Raises:
        NotFound: No such webhook for this user.
    """
    found = find(user, webhook_id)
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == found.id)
    return list(db.session().scalars(query.order_by(WebhookDelivery.id.desc()).limit(limit)))


# What jobs do


def job_ended(user_id: str, status: str, about: dict[str, Any]) -> None:
    """Tell those who listen that a job of a user has ended; joins the surrounding transaction.

    Args:
        about: Ids and figures; nothing that anybody wrote leaves by this door.
    """
    event = f"job.{status}"
    for listener in _listeners.rows():
        if listener.user_id == user_id and event in listener.events:
            _send(listener.id, user_id, event, about)


def _send(webhook_id: str, user_id: str, event: str, about: dict[str, Any]) -> WebhookDelivery:
    now = now_s()
    row = WebhookDelivery(
        id=f"msg_{new_id().replace('-', '')}",
        webhook_id=webhook_id,
        event=event,
        content={"type": event, "timestamp": datetime.now(UTC).isoformat(), "data": about},
        tries=0,
        due_at=now + _PATIENCE_S,
        created_at=now,
    )
    db.session().add(row)
    db.session().flush()
    queue.enqueue(DELIVER_WEBHOOK, DeliverWebhook(delivery_id=row.id), Subject(user_id))
    return row


def send_due() -> int:
    """Order the tries whose time has come; how many."""
    now = now_s()
    due = (
        select(WebhookDelivery, Webhook.user_id)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .where(WebhookDelivery.due_at <= now)
        .order_by(WebhookDelivery.due_at)
        .limit(_SENT_AT_ONCE)
    )
    found = db.session().execute(due).all()
    for row, user_id in found:
        row.due_at = now + _PATIENCE_S
        queue.enqueue(DELIVER_WEBHOOK, DeliverWebhook(delivery_id=row.id), Subject(user_id))
    return len(found)


def note(delivery_id: str, is_delivered: bool, outcome: str, is_gone: bool = False) -> None:
    """Write down what came of a try, and when the next one is.

    Args:
        is_gone: Whether the address wants to hear nothing any more.
    """
    row = db.session().get(WebhookDelivery, delivery_id)
    if row is None:
        return
    row.outcome, row.tries = outcome[:500], row.tries + 1
    row.due_at = None
    if is_delivered:
        row.delivered_at = now_s()
    elif not is_gone and row.tries <= len(_PAUSES_S):
        row.due_at = now_s() + _PAUSES_S[row.tries - 1]
    webhook = db.session().get(Webhook, row.webhook_id)
    if is_gone and webhook is not None:
        webhook.is_active = False
        _listeners.changed()


def purge(before: int) -> None:
    """Forget messages that were made before a moment and are not to be tried any more."""
    db.session().execute(
        delete(WebhookDelivery).where(
            WebhookDelivery.created_at < before, WebhookDelivery.due_at.is_(None)
        )
    )


def signed(row: WebhookDelivery, secret: str, content: bytes) -> dict[str, str]:
    """Write the headers by which a receiver knows that a message is ours and new.

    Args:
        secret: As the database has it.
        content: The body as it is sent.
    """
    key = base64.b64decode(unseal(secret).removeprefix(_PREFIX))
    moment = str(int(time.time()))
    message = b".".join((row.id.encode(), moment.encode(), content))
    signature = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": row.id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/json",
    }
