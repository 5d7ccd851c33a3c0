"""Kinds of jobs of webhooks."""

from shared.kinds.base import DEFAULT, JobSpec, Payload


class DeliverWebhook(Payload):
    """Send a message to an address, once."""

    delivery_id: str


DELIVER_WEBHOOK = JobSpec("webhooks.deliver", DEFAULT, DeliverWebhook, is_visible=False)

SPECS = (DELIVER_WEBHOOK,)
