"""Making things searchable for clients that wait for it: each is a job."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from shared import db
from shared.config.options import option
from shared.config.settings import get_settings
from shared.errors import Invalid, NotFound, UpstreamFailed
from shared.ids import new_id
from shared.kinds.retrieval import (
    KEEP_TEXT,
    READ_PAGE,
    SEARCH_WEB,
    KeepText,
    ReadPage,
    SearchWeb,
)
from shared.models.file import File
from shared.queue import Subject
from shared.services import collections, files, indexing, knowledge
from shared.services.accounts import Principal
from web.stream.waiting import ask, wait_for


def process_file(user: Principal, file_id: str, content: str | None, target: str | None) -> str:
    """Make a file searchable: anew, by another text, or in a knowledge base as well.

    Args:
        content: Another text for it.
        target: A knowledge base.

    Returns:
        The collection in which it is found.

    Raises:
        NotFound: No such file or knowledge base for this user.
        UpstreamFailed: It cannot be; says why.
    """
    own = indexing.collection_of(file_id)
    with db.transaction():
        if target in (None, own):
            file = files.find(user, file_id, "write")
            told = files.set_content(file, content) if content else indexing.index(file)
        else:
            told = _fill(user, target or "", [file_id])
    _wait(told, file_id)
    return target or own


def _fill(user: Principal, target: str, file_ids: Sequence[str]) -> str:
    into = knowledge.find(user, target, "write")
    added = files.find_all(user, file_ids)
    knowledge.put_in(into, added)
    job_id = new_id()
    indexing.fill(into, added, user.id, job_id)
    return job_id


def _wait(job_id: str, file_id: str) -> None:
    """Wait for a job, and for one that has taken its place because somebody else was later."""
    ending = wait_for(job_id, get_settings().upload_wait_s)
    if ending is None or ending[0] == "completed":
        return
    with db.reading() as session:
        newest = session.scalar(select(File.job_id).where(File.id == file_id))
    if newest is None or newest <= job_id:
        raise UpstreamFailed(ending[1])
    _wait(newest, file_id)


def process_files(user: Principal, file_ids: Sequence[str], target: str) -> list[dict[str, Any]]:
    """Put files into a knowledge base, each for itself.

    Returns:
        `file_id`, `status` and `error` of each.

    Raises:
        NotFound: No such knowledge base for this user.
    """
    with db.reading():
        knowledge.find(user, target, "write")
    return [_one(user, file_id, target) for file_id in file_ids]


def _one(user: Principal, file_id: str, target: str) -> dict[str, Any]:
    try:
        process_file(user, file_id, None, target)
    except (Invalid, NotFound, UpstreamFailed) as error:
        return {"file_id": file_id, "status": "failed", "error": error.message}
    return {"file_id": file_id, "status": "completed", "error": None}


def keep_text(user: Principal, name: str, content: str, collection: str | None) -> str:
    """Make a text searchable; gives its collection.

    Raises:
        NotFound: The collection is another's.
        UpstreamFailed: It cannot be; says why.
    """
    with db.transaction():
        chosen = collections.claim(user, collection, content)
    payload = KeepText(name=name, content=content, collection=chosen)
    ask(KEEP_TEXT, payload, Subject(user.id), get_settings().upload_wait_s)
    return chosen


def read_page(user: Principal, url: str, collection: str | None) -> dict[str, Any]:
    """Read a page, or a video's captions, and make it searchable.

    Returns:
        In the contract's form: `collection_name`, `filename`, `file`.

    Raises:
        NotFound: The collection is another's.
        UpstreamFailed: It cannot be; says why.
    """
    with db.transaction():
        chosen = collections.claim(user, collection, url)
    payload = ReadPage(url=url, collection=chosen)
    found = ask(READ_PAGE, payload, Subject(user.id), get_settings().upload_wait_s)
    about = {"name": found["title"], "source": found["source"]}
    return {
        "status": True,
        "collection_name": None if option("BYPASS_EMBEDDING_AND_RETRIEVAL") else chosen,
        "filename": url,
        "file": {"data": {"content": found["content"]}, "meta": about},
    }


def search_web(user: Principal, query: str) -> dict[str, Any]:
    """Search the web, and make what is found searchable.

    Returns:
        In the contract's form: `collection_names`, or `docs` where nothing is embedded.

    Raises:
        Forbidden: Web search is off, or not for this user.
        UpstreamFailed: It cannot be done; says why.
    """
    payload = SearchWeb(user_id=user.id, queries=[query])
    found = ask(SEARCH_WEB, payload, Subject(user.id), get_settings().upload_wait_s)
    return {"status": True, **found}
