"""Files that an Ollama server is given, under the name of their SHA-256.

Source: Ollama, docs/api.md, "Push a Blob".
"""

from collections.abc import Callable, Iterable, Iterator

from shared.errors import Unavailable
from shared.http import Fetcher, Limits, origin_of
from shared.services.connections import Connection
from workers.live import Running

# A model may have a hundred gigabytes, and a line be slow.
_TOTAL_S = 24 * 3600.0
_IDLE_S = 120.0
_ANSWER_BYTES = 64 * 1024
# Of a file whose size nobody has told.
_STEP_BYTES = 16 * 1024 * 1024


class BlobServer:
    """The half of an Ollama server that takes files.

    Args:
        abortable: Of the job for which they are sent.
    """

    def __init__(self, connection: Connection, job: Running) -> None:
        self._url, self._job = connection.url, job
        self._headers = {"authorization": f"Bearer {connection.key}"} if connection.key else {}
        self._limits = Limits(
            size_bytes=_ANSWER_BYTES,
            total_s=_TOTAL_S,
            idle_s=_IDLE_S,
            redirects=0,
            trusted=origin_of(connection.url),
        )

    def has(self, digest: str) -> bool:
        """Whether it has a file already.

        Args:
            digest: `sha256:` and 64 hexadecimal digits.
        """
        return self._ask("HEAD", digest, {}, None) == 200

    def take(self, digest: str, size_bytes: int, pieces: Iterable[bytes]) -> None:
        """Give it a file; it compares the digest itself.

        Raises:
            Unavailable: It does not take it.
        """
        headers = {"content-length": str(size_bytes)}
        status = self._ask("POST", digest, headers, pieces)
        if status not in (200, 201):
            raise Unavailable(f"The server did not take the file: status {status}.")

    def _ask(
        self, method: str, digest: str, headers: dict[str, str], content: Iterable[bytes] | None
    ) -> int:
        fetcher = Fetcher(self._limits)
        url = f"{self._url}/api/blobs/{digest}"
        with (
            self._job.abortable(fetcher.abort),
            fetcher.opened(url, method, {**self._headers, **headers}, content) as answer,
        ):
            return answer.status


def told(
    pieces: Iterable[bytes], size_bytes: int | None, tell: Callable[[int], None]
) -> Iterator[bytes]:
    """Hand pieces through, and tell how many bytes there were: some hundred times in all."""
    step = max((size_bytes or 0) // 100, 1) if size_bytes else _STEP_BYTES
    done, next_at = 0, 0
    for piece in pieces:
        done += len(piece)
        if done >= next_at or done == size_bytes:
            tell(done)
            next_at = done + step
        yield piece
