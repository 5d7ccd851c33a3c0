"""What a storage can do: objects of bytes under a key."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from shared.errors import NotFound, Unavailable

# How much is read or written at once: bounds the memory of a transfer.
PIECE_BYTES = 256 * 1024


class Missing(NotFound):
    """What was stored under this name is gone."""


class StorageFailed(Unavailable):
    """The file storage does not answer, or refuses; the operators find the details in the log."""


class Upload(Protocol):
    """An object that is being written: nobody sees it before `commit`, and `abort` leaves nothing.

    Belongs to one greenlet.
    """

    def write(self, piece: bytes) -> None:
        """Append bytes, of any number.

        Raises:
            StorageFailed: They cannot be kept.
        """

    def commit(self) -> None:
        """Make the object appear, whole and durable.

        Raises:
            StorageFailed: It cannot be kept; nothing is left of it.
        """

    def abort(self) -> None:
        """Forget what was written; harmless after `commit`, and more than once."""


class Storage(Protocol):
    """Objects by key. A key has letters, digits and `._-` only, and up to 255 bytes."""

    def begin(self, key: str) -> Upload:
        """Begin to write an object; one under the same key is replaced at the end."""

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Read an object in pieces.

        Args:
            start: First byte, from 0.
            length: At most so many bytes; all that follow when None.

        Raises:
            Missing: There is none; raised at once, not at the first piece.
            StorageFailed: It cannot be read right now.
        """

    def size(self, key: str) -> int:
        """Give the number of bytes of an object.

        Raises:
            Missing: There is none.
            StorageFailed: It cannot be asked right now.
        """

    def delete(self, key: str) -> None:
        """Delete an object; harmless when there is none.

        Raises:
            StorageFailed: It cannot be deleted right now.
        """

    def as_file(self, key: str) -> AbstractContextManager[Path]:
        """Lend an object as a file of this machine, for libraries that want a path; not to be
        changed, and gone after the block.

        Raises:
            Missing: There is none.
            StorageFailed: It cannot be read right now.
        """

    def clear_unfinished(self, before: float) -> None:
        """Clear away what uploads have left half written whose process was killed.

        Args:
            before: Seconds since the epoch; uploads that began later may still be under way.

        Raises:
            StorageFailed: It cannot be done right now.
        """
