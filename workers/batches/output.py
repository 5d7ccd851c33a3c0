"""The files of a batch's answers, written straight into the storage."""

from collections.abc import Iterator
from typing import Any

from shared.ids import new_id, now_s
from shared.services import batches, files
from shared.services.files import Stored
from shared.storage import Upload, get_storage
from workers.batches import results
from workers.batches.asking import unasked
from workers.batches.checking import Wrong, read
from workers.batches.source import lines_of

_CONTENT_TYPE = "application/jsonl"
_EXPIRED = "batch_expired"
_TOO_LATE = "This request could not be executed before the completion window expired."


class _File:
    """A file of answers that exists only if something is written into it."""

    def __init__(self, filename: str, lasts_s: int | None) -> None:
        self._lasts_s = lasts_s
        self._id, self._filename = new_id(), filename
        self._key = files.key_of(self._id, filename)
        self._upload: Upload | None = None
        self._size = 0

    def write(self, line: bytes) -> None:
        if self._upload is None:
            self._upload = get_storage().begin(self._key)
        self._upload.write(line + b"\n")
        self._size += len(line) + 1

    def commit(self) -> Stored | None:
        if self._upload is None:
            return None
        self._upload.commit()
        meta: dict[str, Any] = {"purpose": batches.OUTPUT_PURPOSE}
        if self._lasts_s is not None:
            meta[files.EXPIRY] = now_s() + self._lasts_s
        return Stored(self._id, self._filename, self._key, _CONTENT_TYPE, self._size, meta)

    def abort(self) -> None:
        if self._upload is not None:
            self._upload.abort()


def write(
    batch_id: str, endpoint: str, key_of_rest: str | None, lasts_s: int | None
) -> tuple[Stored | None, Stored | None]:
    """Write what was answered, in the order of the input.

    Args:
        key_of_rest: The input in the storage when its unanswered lines are to be told as expired.
        lasts_s: How long the files are kept; None for ever.

    Returns:
        The output and the error file; None for one that would be empty.
    """
    output = _File(f"{batch_id}_output.jsonl", lasts_s)
    errors = _File(f"{batch_id}_error.jsonl", lasts_s)
    try:
        for _number, is_ok, content in results.contents(batch_id):
            (output if is_ok else errors).write(content.encode())
        if key_of_rest is not None:
            for line in _rest(batch_id, endpoint, key_of_rest):
                errors.write(line)
        return output.commit(), errors.commit()
    except BaseException:
        output.abort()
        errors.abort()
        raise


def _rest(batch_id: str, endpoint: str, key: str) -> Iterator[bytes]:
    answered = results.numbers(batch_id)
    current = next(answered, 0)
    for line in lines_of(key):
        while current and current < line.number:
            current = next(answered, 0)
        if line.number == current:
            continue
        try:
            yield unasked(read(line, endpoint).custom_id, _EXPIRED, _TOO_LATE)
        except Wrong:
            continue  # the input was checked; what cannot be read has no custom_id to be told by
