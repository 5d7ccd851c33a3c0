"""What beat asks for now and then. These are no jobs: they may be lost or doubled, the next round
does it again.
"""

import logging
import time

from shared import db, queue
from shared.config.settings import get_settings
from shared.kinds.catalogue import REFRESH_MODELS, RefreshModels
from shared.queue import Subject
from shared.services import purging, reindexing, webhooks
from shared.storage import get_storage
from workers.base import periodic

log = logging.getLogger(__name__)

# Nothing takes longer to come in.
_LONGEST_UPLOAD_S = 86_400.0


@periodic("upkeep.refresh_models")
def refresh_models() -> None:
    """Ask every connection for its models."""
    with db.transaction():
        queue.enqueue(REFRESH_MODELS, RefreshModels(), Subject())


@periodic("webhooks.send_due")
def send_due_messages() -> None:
    """Order the tries to deliver webhooks' messages whose time has come."""
    with db.transaction():
        webhooks.send_due()


@periodic("upkeep.renew_search")
def renew_search() -> None:
    """Order that everything is made searchable anew when this server has been started with another
    embedding model; what admins change is noticed when they do.
    """
    if job_id := reindexing.order_if_changed():
        log.info("the embedding model has changed: job %s makes everything searchable anew", job_id)


@periodic("upkeep.purge")
def purge() -> None:
    """Delete ended jobs, their messages, sign-ins, spoken texts and finds of web searches that are
    past their time, and what killed processes have left of uploads.
    """
    from workers.batches import results  # noqa: PLC0415 -- few processes ever run batches

    done = purging.purge(get_settings().job_retention_days)
    results.purge()
    get_storage().clear_unfinished(time.time() - _LONGEST_UPLOAD_S)
    log.info("purged %d old jobs and %d expired sign-ins", done.jobs, done.sign_ins)
