"""Files and knowledge bases that are made searchable in tests, by jobs that are done at once."""

from shared import db
from shared.errors import Unavailable
from shared.models.job import COMPLETED, ENDED
from shared.services import files, indexing, knowledge
from shared.services.knowledge import About
from tests.services.things import row_of
from tests.services.uploading import new_file
from tests.services.waiting import wait_until
from workers import base
from workers.live import Cancelled, live

LINES = [f"line {n:03}" for n in range(100)]
TEXT = "\n".join(LINES)


def indexed(owner, text=TEXT):
    """Store a file and do its job."""
    file = new_file(owner, text.encode())
    job_id = accepted(file)
    finish(job_id)
    return file.id


def finish(job_id):
    """Do a job, unless a worker of the test does."""
    base.run(job_id)
    wait_until(lambda: row_of(job_id).status in ENDED, 10, "the job has ended")
    assert row_of(job_id).status == COMPLETED, row_of(job_id).error


def accepted(file, from_text=False):
    with db.transaction() as session:
        return indexing.index(session.get_one(type(file), file.id), from_text)


def based(owner, *file_ids):
    """Make a knowledge base of files and fill it."""
    with db.transaction():
        made = knowledge.create(owner, About("Base", "", None, {}))
        added = files.find_all(owner, file_ids)
        knowledge.put_in(made, added)
        indexing.fill(made, added, owner.id, job_id := f"job of {made.id}"[:64])
    finish(job_id)
    return made.id


def fail(_text):
    raise Unavailable("The engine is away.")


def is_told_to_end(job_id):
    running = live._jobs.get(job_id)
    return running is not None and running._reason is Cancelled
