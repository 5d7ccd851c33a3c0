"""Routes by which admins bring files of models to an Ollama server."""

from flask import Blueprint, Response

from shared.kinds.proxies import DOWNLOAD_MODEL, UPLOAD_MODEL, DownloadModel, UploadModel
from shared.queue import Subject
from shared.services import connections, files, jobs, model_files
from shared.services.connections import OLLAMA, Connection
from web import passing
from web.api import endpoint
from web.auth import current_user
from web.files.receiving import received
from web.ollama.doors import both, place_of, stream_job
from web.ollama.lines import FileEvents
from web.ollama.schemas import DownloadForm, PlaceQuery
from web.stream import sse

bp = Blueprint("ollama_files", __name__)
passing.register(bp)

_BUSY = {404: "There is no such server", 429: "Too many of your jobs wait"}


def _server(query: PlaceQuery, url_idx: int | None) -> Connection:
    return connections.find(OLLAMA, place_of(query, url_idx) or 0)


@both(bp, "/models/download")
@endpoint(
    body=DownloadForm,
    query=PlaceQuery,
    transaction=None,
    errors={400: "Not an address of an allowed host, see MODEL_DOWNLOAD_ADDRESSES", **_BUSY},
    media_type=sse.EVENTS,
)
def download(body: DownloadForm, query: PlaceQuery, url_idx: int | None = None) -> Response:
    """Let a worker fetch a model file for a server, and tell how far it has come; goes on when the
    client leaves, see /api/v1/jobs.
    """
    model_files.require_source(body.url)
    server = _server(query, url_idx)
    request = DownloadModel(index=server.index, mark=server.mark, url=body.url)

    def accept(job_id: str) -> None:
        jobs.accept(DOWNLOAD_MODEL, request, Subject(current_user().id), job_id)

    return stream_job(accept, FileEvents(repeats=True), sse.EVENTS)


@both(bp, "/models/upload")
@endpoint(
    query=PlaceQuery,
    transaction=None,
    form=("file",),
    errors={400: "Not a form with one file", **_BUSY},
    media_type=sse.EVENTS,
)
def upload(query: PlaceQuery, url_idx: int | None = None) -> Response:
    """Give a model file to a server, which makes a model of it, and tell how far it has come; goes
    on when the client leaves, once the file is here.
    """
    server, user = _server(query, url_idx), current_user()
    with received(is_limited=False) as stored:
        request = UploadModel(index=server.index, mark=server.mark, file_id=stored.id)

        def accept(job_id: str) -> None:
            files.add(user.id, stored)
            jobs.accept(UPLOAD_MODEL, request, Subject(user.id), job_id)

        return stream_job(accept, FileEvents(repeats=True), sse.EVENTS)
