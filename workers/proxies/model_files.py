"""The jobs that bring files of models to an Ollama server."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import orjson

from shared import db
from shared.errors import Invalid, NotFound, SwitchyardError
from shared.http import Fetcher, Limits
from shared.kinds.proxies import DownloadModel, UploadModel
from shared.models.file import File
from shared.models.job import COMPLETED
from shared.offload import off_loop
from shared.services import access, files, model_files, models
from shared.services.connections import OLLAMA, Connection
from shared.storage import get_storage
from workers.inference.chat import owner_of
from workers.live import Running
from workers.providers import provider_for
from workers.providers.line import Cut
from workers.proxies.blobs import BlobServer, told
from workers.proxies.finding import connection_of

_DOWNLOAD = Limits(
    size_bytes=1 << 40, total_s=24 * 3600.0, idle_s=60.0, require=model_files.require_store
)
_PIECE_BYTES = 1024 * 1024


class _Bringing:
    """What both jobs share: who may, where to, and how far it has come."""

    def __init__(self, job: Running) -> None:
        self._job = job

    def _server(self) -> BlobServer:
        """Look the rights up again, and find the server.

        Raises:
            Forbidden: Whoever has asked is no admin any more.
            SwitchyardError: There is no such server any more.
        """
        with db.statements(write=False):
            access.require(owner_of(self._job), "use", "admin")
        return BlobServer(self._connection(), self._job)

    def _connection(self) -> Connection:
        ask = self._job.payload
        assert isinstance(ask, DownloadModel | UploadModel)  # noqa: S101 -- for the type checker: the kind decides
        return connection_of(OLLAMA, ask.index, ask.mark)

    def _tell(self, done: int, total: int | None, note: str) -> None:
        progress = {"done": done, "total": total or 0, "unit": "bytes", "note": note}
        self._job.writer.emit("progress", progress)

    def _tell_end(self, digest: str, name: str, **more: Any) -> None:
        item = {"done": True, "blob": digest, "name": name, **more}
        self._job.writer.emit("item", {"item": item})


class Download(_Bringing):
    """Fetches a file, and gives it to the server when its digest is known."""

    def do(self) -> None:
        """Fetch to the disk, then send."""
        ask = self._job.payload
        assert isinstance(ask, DownloadModel)  # noqa: S101 -- see _Bringing
        server = self._server()
        model_files.require_source(ask.url)
        # Without a name: however this process ends, nothing is left of it.
        with tempfile.TemporaryFile(prefix="switchyard-") as copy:
            digest, size = self._fetch(ask.url, copy)
            if not server.has(digest):
                copy.seek(0)
                server.take(digest, size, _pieces(copy))
        self._tell_end(digest, model_files.name_of(ask.url))

    def _fetch(self, url: str, copy: IO[bytes]) -> tuple[str, int]:
        """Write a file to the disk; gives its digest and its size in bytes."""
        fetcher, seen = Fetcher(_DOWNLOAD), hashlib.sha256()
        with self._job.abortable(fetcher.abort), fetcher.opened(url) as answer:
            if answer.status != 200:
                raise Invalid(f"The file cannot be had: status {answer.status}.")
            total = answer.size_bytes

            def tell(done: int) -> None:
                self._tell(done, total, "Downloading")

            for piece in _gathered(told(answer.pieces(), total, tell)):
                off_loop(_keep, piece, copy, seen)
        with _room():
            copy.flush()
        return f"sha256:{seen.hexdigest()}", copy.tell()

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Keep nothing: the server has it."""
        return {}


def _keep(piece: bytes, copy: IO[bytes], seen: Any) -> None:
    seen.update(piece)
    with _room():
        copy.write(piece)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SwitchyardError("There is no room for the file on the worker's disk.") from error


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Put small pieces together: each costs a thread a task."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= _PIECE_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _pieces(copy: IO[bytes]) -> Iterator[bytes]:
    while piece := off_loop(copy.read, _PIECE_BYTES):
        yield piece


class Upload(_Bringing):
    """Gives an upload to the server, and lets it make a model of it."""

    def __init__(self, job: Running) -> None:
        super().__init__(job)
        assert isinstance(job.payload, UploadModel)  # noqa: S101 -- see _Bringing
        with db.reading() as session:
            file = session.get(File, job.payload.file_id)
        if file is None or file.digest is None:
            raise NotFound("The upload is gone.")
        self._file, self._digest = file, f"sha256:{file.digest}"

    def do(self) -> None:
        """Send the file, then ask for the model."""
        file, server = self._file, self._server()
        if not server.has(self._digest):
            read = get_storage().read(file.key)
            pieces = told(read, file.size_bytes, self._tell_sent)
            server.take(self._digest, file.size_bytes, pieces)
        self._tell_sent(file.size_bytes)
        name = model_files.model_name(file.filename)
        self._create(name)
        self._tell_end(self._digest, file.filename, model_created=name)

    def _tell_sent(self, done: int) -> None:
        self._tell(done, self._file.size_bytes, "Uploading")

    def _create(self, name: str) -> None:
        body = {"model": name, "files": {self._file.filename: self._digest}, "stream": False}
        cut = Cut()
        with self._job.abortable(cut.set):
            provider_for(self._connection()).ask("POST", "/api/create", orjson.dumps(body), cut)

    def save(self, status: str, _error: str | None) -> dict[str, Any]:
        """Delete the upload, whatever came of it; the model is offered from now on."""
        file = db.session().get(File, self._file.id)
        if file is not None:
            files.remove([file])
        if status == COMPLETED:
            models.outdate_offer()
        return {}
