"""The whole of a move, in the order in which things refer to one another."""

from collections.abc import Iterator
from pathlib import Path

from shared import db
from shared.movein import settings
from shared.movein.channels import ChannelMessages, Channels, Reactions
from shared.movein.chats import Chats, Folders, Snapshots
from shared.movein.files import Files, KnowledgeBases
from shared.movein.known import Known
from shared.movein.mover import Mover, bring
from shared.movein.people import Accounts, Groups
from shared.movein.report import Report
from shared.movein.source import NotReadable, Source, opened
from shared.movein.workspace import Feedbacks, Functions, Memories, Models, Prompts, Tools
from shared.services import accounts

_BEFORE_FILES = (Accounts, Groups, Folders, Chats, Snapshots, KnowledgeBases)
_AFTER_FILES = (
    Models,
    Prompts,
    Tools,
    Functions,
    Memories,
    Feedbacks,
    Channels,
    ChannelMessages,
    Reactions,
)


def move_in(url: str, uploads: Path, is_dry: bool = False) -> Report:
    """Bring what an Open WebUI has.

    Args:
        url: Its database, as DATABASE_URL has it, or the path of an SQLite file.
        uploads: The folder with its uploads.
        is_dry: Whether to look only, and to store nothing.

    Raises:
        NotReadable: The database is none that can be brought, or the folder is not there.
        Unavailable: Our own database was away for long; begin again, nothing comes twice.
    """
    if not uploads.is_dir():
        raise NotReadable(f"There is no folder {uploads}.")
    source = opened(url)
    try:
        source.check()
        report = Report(is_dry, f"From Open WebUI ({source.kind}, revision {source.revision()}):")
        for mover in _movers(source, report, uploads):
            bring(mover, report)
        settings.bring(source, report)
        settings.close_sign_up(report)
    finally:
        source.close()
    return report


def _movers(source: Source, report: Report, uploads: Path) -> Iterator[Mover]:
    """Make each mover when those before it are done."""
    known = Known(heir=_first_admin())
    yield from (kind(source, known, report) for kind in _BEFORE_FILES)
    yield Files(source, known, report, uploads)
    yield from (kind(source, known, report) for kind in _AFTER_FILES)


def _first_admin() -> str | None:
    with db.reading():
        admin = accounts.first_admin()
        return admin.id if admin is not None else None
