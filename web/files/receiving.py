"""Taking an upload in: piece by piece into the storage, never whole in memory."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.formparser import FormDataParser

from shared.config.options import option
from shared.errors import Invalid
from shared.ids import new_id
from shared.services import content_types, files
from shared.services.files import Stored
from shared.storage import Upload, get_storage
from web.api import BadBody, parse_json
from web.errors import Status

ReadMeta = Callable[[MultiDict[str, str]], dict[str, Any]]
_MEGABYTE = 1024 * 1024
# What stands in a form beside the file: its parts, and their bytes.
_MAX_PARTS, _MAX_FORM_BYTES = 20, _MEGABYTE


@dataclass(frozen=True)
class ReceivedForm:
    """A form whose files are in the storage already.

    Attributes:
        files: The field of each, and what it became; in the form's order.
    """

    fields: MultiDict[str, str]
    files: tuple[tuple[str, Stored], ...]


@contextmanager
def received(read_meta: ReadMeta | None = None, *, is_limited: bool = True) -> Iterator[Stored]:
    """Take the request's file in; whatever fails before the block's end leaves nothing of it.

    Args:
        read_meta: Takes from the form's other fields what is kept about the file; else `metadata`.
        is_limited: Whether RAG_FILE_MAX_SIZE counts.

    Raises:
        Invalid: It is no form, or has not exactly one file.
        Status: The file is too large.
        StorageFailed: It cannot be kept.
    """
    with received_form(is_limited=is_limited) as form:
        yield replace(form.files[0][1], meta=(read_meta or _meta)(form.fields))


@contextmanager
def received_form(
    names: tuple[str, ...] = ("file",), most: int = 1, *, is_limited: bool = True
) -> Iterator[ReceivedForm]:
    """Take the request's files in; whatever fails before the block's end leaves nothing of them.

    Args:
        names: Fields that may hold files; one has to be there in the first, or in its form as a
            list ("image[]").
        most: At most so many files.
        is_limited: Whether RAG_FILE_MAX_SIZE counts for each.

    Raises:
        Invalid: It is no form, or has not the files that it should have.
        Status: A file is too large.
        StorageFailed: One cannot be kept.
    """
    limit_bytes = _limit_bytes() if is_limited else None
    _refuse_early(most, limit_bytes)
    receptions = _Receptions(names, most, limit_bytes)
    try:
        form, found = _parsed(receptions)
        receptions.check([name for name, _ in found.items(multi=True)])
        ended = [(name, file.stream.end()) for name, file in found.items(multi=True)]  # type: ignore[attr-defined]  # what `begin` gave
    except BaseException:
        receptions.abort()
        raise
    try:
        yield ReceivedForm(form, tuple(ended))
    except BaseException:
        for _, stored in ended:
            get_storage().delete(stored.key)
        raise


def _parsed(receptions: "_Receptions") -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    if request.mimetype != "multipart/form-data":
        raise Invalid(
            f"An upload is a form (multipart/form-data) with the field '{receptions.names[0]}'."
        )
    # A limit of its own, see _limit_bytes; None would mean that of all other bodies.
    request.max_content_length = sys.maxsize
    parser = FormDataParser(
        stream_factory=receptions.begin,
        max_form_memory_size=_MAX_FORM_BYTES,
        max_form_parts=_MAX_PARTS + receptions.most,
        silent=False,
    )
    try:
        _, form, found = parser.parse(
            request.stream, request.mimetype, request.content_length, request.mimetype_params
        )
    except ValueError:
        raise Invalid("The form of the upload is broken.") from None
    return form, found


def _meta(form: MultiDict[str, str]) -> dict[str, Any]:
    """Read what the uploader tells about the file."""
    told = form.get("metadata") or form.get("file_metadata") or "{}"
    try:
        meta = parse_json(told.encode("utf-8", "replace"))
    except BadBody:
        meta = None
    if not isinstance(meta, dict):
        raise Invalid("The field 'metadata' has to be a JSON object.")
    return meta


def _limit_bytes() -> int | None:
    megabytes = option("RAG_FILE_MAX_SIZE")
    return int(megabytes * _MEGABYTE) if megabytes else None


def _refuse_early(most: int, limit: int | None) -> None:
    """Refuse by its announced length what would be refused later anyway."""
    length = request.content_length
    if limit is not None and length is not None and length > most * limit + 2 * _MAX_FORM_BYTES:
        raise _too_large(limit)


def _too_large(limit: int) -> Status:
    return Status(413, f"The file is too large: up to {limit / _MEGABYTE:g} MB may be uploaded.")


class _Receptions:
    """The streams that the form's parser writes its files into."""

    def __init__(self, names: tuple[str, ...], most: int, limit_bytes: int | None) -> None:
        self.names, self.most, self._limit = names, most, limit_bytes
        self._begun: list[_Reception] = []

    def begin(
        self,
        total_content_length: int | None,  # noqa: ARG002 -- werkzeug's signature
        content_type: str | None,  # noqa: ARG002 -- a client's word
        filename: str | None = None,
        content_length: int | None = None,  # noqa: ARG002 -- a client's word
    ) -> Any:
        """Begin with the next file of the form."""
        if len(self._begun) >= self.most:
            raise self._misfit()
        self._begun.append(_Reception(filename or "", self._limit))
        return self._begun[-1]

    def check(self, found: list[str]) -> None:
        """Look whether the files that came are those that are wanted.

        Raises:
            Invalid: They are not.
        """
        wanted = {self.names[0], f"{self.names[0]}[]"}
        if not set(found) <= set(self.names) or not wanted & set(found):
            raise self._misfit()

    def _misfit(self) -> Invalid:
        if self.most == 1:
            return Invalid(f"An upload has exactly one file, in the field '{self.names[0]}'.")
        wanted = ", ".join(f"'{name}'" for name in self.names)
        return Invalid(f"This form has one to {self.most} files, in the fields {wanted}.")

    def abort(self) -> None:
        """Forget what came."""
        for reception in self._begun:
            reception.abort()


class _Reception:
    """One file that comes in."""

    def __init__(self, filename: str, limit_bytes: int | None) -> None:
        self._id = new_id()
        self._limit = limit_bytes
        self._filename = files.clean_name(filename)
        self._key = files.key_of(self._id, self._filename)
        self._head = b""
        self._size = 0
        self._digest = hashlib.sha256()
        self._is_kept = False
        self._upload: Upload = get_storage().begin(self._key)

    def write(self, piece: bytes) -> None:
        """Take a piece."""
        self._size += len(piece)
        if self._limit is not None and self._size > self._limit:
            raise _too_large(self._limit)
        if len(self._head) < content_types.HEAD_BYTES:
            self._head += bytes(piece[: content_types.HEAD_BYTES - len(self._head)])
        self._digest.update(piece)
        self._upload.write(piece)

    def seek(self, _position: int) -> None:
        """Do nothing: the parser rewinds what it has written, and we do not read it."""

    def close(self) -> None:
        """Do nothing: an upload ends by `end` or `abort`."""

    def end(self) -> Stored:
        """Keep what came."""
        self._upload.commit()
        self._is_kept = True
        content_type = content_types.sniff(self._head, self._filename)
        digest = self._digest.hexdigest()
        return Stored(self._id, self._filename, self._key, content_type, self._size, {}, digest)

    def abort(self) -> None:
        """Forget what came; also what was kept before another file of the form failed."""
        self._upload.abort()
        if self._is_kept:
            get_storage().delete(self._key)
