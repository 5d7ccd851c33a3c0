"""Kinds of jobs that pass a request on to a connection, and its answer back as it comes."""

from typing import Any

from shared.kinds.base import DEFAULT, INTERACTIVE, JobSpec, Payload


class PassOn(Payload):
    """Ask a connection something in its own protocol.

    Attributes:
        kind: The connection's protocol.
        index: Its place.
        mark: By which it is known when its place has changed.
        path: Below its address.
        model: Id of the model whose readers may ask this; without one only admins may.
        is_stream: Whether the answer comes in items (lines or events of JSON).
    """

    kind: str
    index: int
    mark: str
    path: str
    method: str = "POST"
    body: dict[str, Any] | None = None
    model: str | None = None
    is_stream: bool = False


class DownloadModel(Payload):
    """Fetch a file of a model and give it to an Ollama server.

    Attributes:
        index: The connection's place.
        mark: By which it is known when its place has changed.
        url: Where the file is; looked at once more before it is opened.
    """

    index: int
    mark: str
    url: str


class UploadModel(Payload):
    """Give an uploaded file to an Ollama server, and let it make a model of it.

    Attributes:
        index, mark: As in `DownloadModel`.
        file_id: Of the upload, which goes when the job has ended.
    """

    index: int
    mark: str
    file_id: str


PASS_ON = JobSpec("proxies.pass_on", INTERACTIVE, PassOn, texts=("body",))
# Takes long and is wanted also when nobody looks on: to pull, push or make a model.
MAINTAIN = JobSpec("proxies.maintain", DEFAULT, PassOn, texts=("body",))
DOWNLOAD_MODEL = JobSpec("proxies.download_model", DEFAULT, DownloadModel)
UPLOAD_MODEL = JobSpec("proxies.upload_model", DEFAULT, UploadModel)

SPECS = (PASS_ON, MAINTAIN, DOWNLOAD_MODEL, UPLOAD_MODEL)
