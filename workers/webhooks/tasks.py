"""The jobs of webhooks."""

from shared.kinds.webhooks import DELIVER_WEBHOOK
from workers.base import task
from workers.webhooks.delivery import Delivery

task(DELIVER_WEBHOOK)(Delivery)
