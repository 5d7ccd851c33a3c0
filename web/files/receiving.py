"""Taking an upload in: piece by piece into the storage, never whole in memory."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def received(read_meta: ReadMeta | None = None) -> Iterator[Stored]:
    """Take the request's file in; whatever fails before the block's end leaves nothing of it.

    Args:
        read_meta: Takes from the form's other fields what is kept about the file; else `metadata`.

    Raises:
        Invalid: It is no form, or has not exactly one file.
        Status: The file is too large.
        StorageFailed: It cannot be kept.
    """
    _refuse_early()
    reception = _Reception()
    try:
        form, found = _parsed(reception)
        if [*found] != ["file"]:
            raise _not_one()
        stored = reception.end((read_meta or _meta)(form))
    except BaseException:
        reception.abort()
        raise
    try:
        yield stored
    except BaseException:
        get_storage().delete(stored.key)
        raise


def _parsed(reception: "_Reception") -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    if request.mimetype != "multipart/form-data":
        raise Invalid("An upload is a form (multipart/form-data) with the field 'file'.")
    # A limit of its own, see _limit_bytes; None would mean that of all other bodies.
    request.max_content_length = sys.maxsize
    parser = FormDataParser(
        stream_factory=reception.begin,
        max_form_memory_size=_MAX_FORM_BYTES,
        max_form_parts=_MAX_PARTS,
        silent=False,
    )
    try:
        _, form, found = parser.parse(
            request.stream, request.mimetype, request.content_length, request.mimetype_params
        )
    except ValueError:
        raise Invalid("The form of the upload is broken.") from None
    return form, found


def _not_one() -> Invalid:
    return Invalid("An upload has exactly one file, in the field 'file'.")


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


def _refuse_early() -> None:
    """Refuse by its announced length what would be refused later anyway."""
    limit, length = _limit_bytes(), request.content_length
    if limit is not None and length is not None and length > limit + 2 * _MAX_FORM_BYTES:
        raise _too_large(limit)


def _too_large(limit: int) -> Status:
    return Status(413, f"The file is too large: up to {limit / _MEGABYTE:g} MB may be uploaded.")


class _Reception:
    """The stream that the form's parser writes the file into."""

    def __init__(self) -> None:
        self._id = new_id()
        self._limit = _limit_bytes()
        self._upload: Upload | None = None
        self._filename = self._key = ""
        self._head = b""
        self._size = 0

    def begin(
        self,
        total_content_length: int | None,  # noqa: ARG002 -- werkzeug's signature
        content_type: str | None,  # noqa: ARG002 -- a client's word
        filename: str | None = None,
        content_length: int | None = None,  # noqa: ARG002 -- a client's word
    ) -> Any:
        """Begin with the one file of the form."""
        if self._upload is not None:
            raise _not_one()
        self._filename = files.clean_name(filename or "")
        self._key = files.key_of(self._id, self._filename)
        self._upload = get_storage().begin(self._key)
        return self

    def write(self, piece: bytes) -> None:
        """Take a piece."""
        assert self._upload is not None  # noqa: S101 -- for the type checker: begin was called
        self._size += len(piece)
        if self._limit is not None and self._size > self._limit:
            raise _too_large(self._limit)
        if len(self._head) < content_types.HEAD_BYTES:
            self._head += bytes(piece[: content_types.HEAD_BYTES - len(self._head)])
        self._upload.write(piece)

    def seek(self, _position: int) -> None:
        """Do nothing: the parser rewinds what it has written, and we do not read it."""

    def close(self) -> None:
        """Do nothing: an upload ends by `end` or `abort`."""

    def end(self, meta: dict[str, Any]) -> Stored:
        """Keep what came."""
        assert self._upload is not None  # noqa: S101 -- for the type checker: there is a file
        self._upload.commit()
        content_type = content_types.sniff(self._head, self._filename)
        return Stored(self._id, self._filename, self._key, content_type, self._size, meta)

    def abort(self) -> None:
        """Forget what came."""
        if self._upload is not None:
            self._upload.abort()
