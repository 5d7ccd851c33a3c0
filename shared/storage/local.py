"""Objects as files of one folder. Every touch of the disk leaves the event loop."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from shared.config.settings import Settings
from shared.offload import off_loop
from shared.storage.base import PIECE_BYTES, Missing, StorageFailed

# Uploads under way end on this; no key does, see `Storage`.
_PART = "~"


def make(settings: Settings) -> "LocalStorage":
    """Make the storage that the settings describe."""
    return LocalStorage(settings.data_dir / "uploads")


class LocalStorage:
    """A folder; files in it are readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def begin(self, key: str) -> "LocalUpload":
        """See `Storage`."""
        return LocalUpload(self._folder / key)

    def read(self, key: str, start: int = 0, length: int | None = None) -> "Pieces":
        """See `Storage`."""
        try:
            handle = off_loop(_open_at, self._folder / key, start)
        except FileNotFoundError:
            raise Missing from None
        except OSError as error:
            raise StorageFailed from error
        return Pieces(handle, length)

    def size(self, key: str) -> int:
        """See `Storage`."""
        try:
            return off_loop(os.stat, self._folder / key).st_size
        except FileNotFoundError:
            raise Missing from None

    def delete(self, key: str) -> None:
        """See `Storage`."""
        try:
            off_loop((self._folder / key).unlink, missing_ok=True)
        except OSError as error:
            raise StorageFailed from error

    @contextmanager
    def as_file(self, key: str) -> Iterator[Path]:
        """See `Storage`."""
        self.size(key)
        yield self._folder / key

    def clear_unfinished(self, before: float) -> None:
        """See `Storage`."""
        for path in off_loop(lambda: list(self._folder.glob(f"*{_PART}"))):
            with suppress(FileNotFoundError):  # another process has deleted it meanwhile
                if off_loop(path.stat).st_mtime < before:
                    off_loop(path.unlink)


def _open_at(path: Path, start: int) -> BinaryIO:
    handle = path.open("rb")
    handle.seek(start)
    return handle


class Pieces:
    """The bytes of an open file; closes it at the end, or when it is closed itself."""

    def __init__(self, handle: BinaryIO, length: int | None) -> None:
        self._handle, self._left = handle, length

    def __iter__(self) -> "Pieces":
        return self

    def __next__(self) -> bytes:
        wanted = PIECE_BYTES if self._left is None else min(PIECE_BYTES, self._left)
        piece = off_loop(self._handle.read, wanted) if not self._handle.closed else b""
        if not piece:
            self.close()
            raise StopIteration
        if self._left is not None:
            self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Close the file; harmless more than once."""
        self._handle.close()


class LocalUpload:
    """A file beside its place, which it takes at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{secrets.token_hex(8)}{_PART}")
        self._pending = bytearray()
        try:
            self._handle = off_loop(_create, self._part)
        except OSError as error:
            raise StorageFailed from error

    def write(self, piece: bytes) -> None:
        """See `Upload`."""
        self._pending += piece
        if len(self._pending) >= PIECE_BYTES:
            self._flush()

    def _flush(self) -> None:
        try:
            off_loop(self._handle.write, bytes(self._pending))
        except OSError as error:  # the disk is full
            raise StorageFailed from error
        self._pending.clear()

    def commit(self) -> None:
        """See `Upload`."""
        try:
            self._flush()
            off_loop(self._settle)
        except OSError as error:
            raise StorageFailed from error
        finally:
            self.abort()

    def _settle(self) -> None:
        self._handle.flush()
        os.fsync(self._handle.fileno())
        self._handle.close()
        self._part.replace(self._path)

    def abort(self) -> None:
        """See `Upload`."""
        with suppress(OSError):  # a full disk refuses once more what is to be thrown away
            self._handle.close()
        off_loop(self._part.unlink, missing_ok=True)


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)
