"""Keeping a knowledge base like a folder somewhere else: what differs, and clearing up after."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from shared.models.file import File
from shared.models.knowledge import Knowledge
from shared.services import directories, files, knowledge
from shared.services.accounts import Principal

Place = tuple[str, str]


@dataclass(frozen=True)
class Entry:
    """A file of the folder; `path` is its directory, "" at the top, `checksum` SHA-256."""

    filename: str
    path: str
    checksum: str


@dataclass
class Difference:
    """What has to be done so that a knowledge base is like the folder."""

    added: list[dict[str, str]] = field(default_factory=list)
    modified: list[dict[str, str]] = field(default_factory=list)
    deleted: list[dict[str, str]] = field(default_factory=list)
    mkdir: list[str] = field(default_factory=list)
    rmdir: list[str] = field(default_factory=list)
    unmodified_count: int = 0
    directory_map: dict[str, str] = field(default_factory=dict)


def compare(one: Knowledge, manifest: Iterable[Entry]) -> Difference:
    """Tell in what a knowledge base differs from a folder."""
    there, wanted = _files_by_place(one), {_place(entry): entry for entry in manifest}
    found = Difference(directory_map=directories.paths(one))
    for place, entry in wanted.items():
        _note(found, place, entry, there.get(place))
    found.deleted = [
        {"file_id": file.id, "filename": file.filename}
        for place, file in there.items()
        if place not in wanted
    ]
    needed = _with_parents(path for path, _ in wanted)
    found.mkdir = sorted(needed - found.directory_map.keys())
    found.rmdir = [id_ for path, id_ in found.directory_map.items() if path not in needed]
    return found


def _note(found: Difference, place: Place, entry: Entry, file: File | None) -> None:
    told = {"filename": place[1], "path": place[0]}
    if file is None:
        found.added.append(told)
    elif file.digest != entry.checksum.lower():
        found.modified.append({**told, "stale_file_id": file.id})
    else:
        found.unmodified_count += 1


def _files_by_place(one: Knowledge) -> dict[Place, File]:
    names = {id_: path for path, id_ in directories.paths(one).items()}
    places = directories.place_of(one)
    return {
        (names.get(places.get(file.id) or "", ""), file.filename): file
        for file in knowledge.files_of([one.id])[one.id]
    }


def _place(entry: Entry) -> Place:
    return entry.path.strip("/"), files.clean_name(entry.filename)


def _with_parents(paths: Iterable[str]) -> set[str]:
    needed = {path for path in paths if path}
    return needed | {str(up) for path in needed for up in PurePosixPath(path).parents} - {"."}


def clear_up(
    user: Principal, one: Knowledge, file_ids: Sequence[str], directory_ids: Sequence[str]
) -> None:
    """Take files and directories out of a knowledge base that are not in the folder any more; what
    is gone already is left alone.
    """
    held = {file.id: file for file in knowledge.files_of([one.id])[one.id]}
    for file_id in file_ids:
        if file_id in held:
            knowledge.drop(user, one, held[file_id], with_file=True)
    for directory_id in directory_ids:
        there = {directory.id: directory for directory in directories.of(one)}
        if directory_id in there:
            directories.remove(user, one, there[directory_id], keep_files=True)
