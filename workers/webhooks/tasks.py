"""The jobs of webhooks."""

from shared.kinds.webhooks import DELIVER_WEBHOOK, TELL_FINISHED
from workers.base import task
from workers.webhooks.delivery import Delivery
from workers.webhooks.finished import Telling

task(DELIVER_WEBHOOK)(Delivery)
task(TELL_FINISHED)(Telling)
