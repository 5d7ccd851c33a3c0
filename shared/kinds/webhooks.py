"""Kinds of jobs of webhooks."""

from shared.kinds.base import DEFAULT, JobSpec, Payload


class DeliverWebhook(Payload):
    """Send a message to an address, once."""

    delivery_id: str


class TellFinished(Payload):
    """Tell a user who is away that an answer is there, at the address that the user has named."""


DELIVER_WEBHOOK = JobSpec("webhooks.deliver", DEFAULT, DeliverWebhook, is_visible=False)
TELL_FINISHED = JobSpec("webhooks.tell_finished", DEFAULT, TellFinished, is_visible=False)

SPECS = (DELIVER_WEBHOOK, TELL_FINISHED)
