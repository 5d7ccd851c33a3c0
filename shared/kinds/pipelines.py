"""Kinds of jobs that ask pipelines servers about themselves, for an admin who waits."""

from shared.kinds.base import INTERACTIVE, JobSpec, Payload


class FindServers(Payload):
    """Find out which of the OpenAI-compatible connections are pipelines servers."""


class AskServer(Payload):
    """Ask a pipelines server something.

    Attributes:
        index: The place of its connection.
        path: Below its address.
        sealed: The body as JSON, encrypted: valves hold secrets. Empty for none.
    """

    index: int
    method: str
    path: str
    sealed: str = ""


class UploadPipeline(Payload):
    """Send a pipeline's source to a server.

    Attributes:
        index: The place of its connection.
        filename: Under which it is sent.
        sealed: The source, encrypted: some people write their secrets into it.
    """

    index: int
    filename: str
    sealed: str


FIND_SERVERS = JobSpec("pipelines.find_servers", INTERACTIVE, FindServers, is_visible=False)
ASK_SERVER = JobSpec("pipelines.ask_server", INTERACTIVE, AskServer, is_visible=False)
UPLOAD_PIPELINE = JobSpec("pipelines.upload", INTERACTIVE, UploadPipeline, is_visible=False)

SPECS = (FIND_SERVERS, ASK_SERVER, UPLOAD_PIPELINE)
