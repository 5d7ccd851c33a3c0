"""The jobs of webhooks, and what beat asks for."""

from shared import db
from shared.kinds.webhooks import DELIVER_WEBHOOK
from shared.services import webhooks
from workers.base import periodic, task
from workers.webhooks.delivery import Delivery

task(DELIVER_WEBHOOK)(Delivery)


@periodic("webhooks.send_due")
def send_due() -> None:
    """Order the tries whose time has come."""
    with db.transaction():
        webhooks.send_due()
