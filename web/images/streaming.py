"""Pictures in OpenAI's events: previews while they are painted, then the pictures.

Source: https://platform.openai.com/docs/api-reference/images-streaming
"""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import orjson
from flask import Response

from shared import db
from shared.errors import SwitchyardError, UpstreamFailed
from shared.ids import new_id, now_s
from shared.kinds.images import PAINT, Paint
from shared.queue import Subject
from shared.services import files, images, jobs
from shared.services.accounts import Principal
from shared.storage import get_storage
from web.auth import Permit
from web.completions import problems
from web.stream import sse
from web.stream.hub import Follow, ending_of


def streamed(user: Principal, order: Paint, previews: int) -> Response:
    """Have pictures painted, and answer with what comes of it.

    Args:
        previews: At most so many are sent; engines that make none send none.

    Raises:
        Forbidden: The user may not.
        Invalid: They are switched off, or no engine is configured.
        Busy: Too many of the user's jobs wait.
    """
    job_id = new_id()
    with db.transaction():
        images.require(user)
        jobs.accept(PAINT, order, Subject(user.id), job_id)
    answer = sse.response(_Painting(user, order, previews).events(Follow(job_id), Permit()))
    answer.headers["X-Job-Id"] = job_id
    return answer


def encoded(user: Principal, file_id: str) -> str:
    """Give a picture of a user's as base64.

    Raises:
        NotFound: It is gone already.
    """
    with db.reading():
        key = files.find(user, file_id).key
    return b64encode(b"".join(get_storage().read(key))).decode("ascii")


class _Painting:
    """What one client is told."""

    def __init__(self, user: Principal, order: Paint, previews: int) -> None:
        self._user, self._order, self._left = user, order, previews
        self._sent = 0
        self._kind = "image_edit" if order.sources else "image_generation"

    def events(self, follow: Follow, permit: Permit) -> Iterator[bytes]:
        with follow:
            for batch in follow.batches(sse.KEEP_ALIVE_S):
                if not permit.holds():
                    return
                told = [piece for _, event in batch for piece in self._written(*ending_of(event))]
                yield b"".join(told) or sse.KEEP_ALIVE

    def _written(self, kind: str, data: dict[str, Any]) -> Iterator[bytes]:
        if kind == "progress" and "preview" in data and self._sent < self._left:
            picture = data["preview"].rpartition(",")[2]
            yield self._event("partial_image", picture, partial_image_index=self._sent)
            self._sent += 1
        elif kind == "completed":
            yield from self._finished(data["images"])
        elif kind in ("failed", "cancelled"):
            yield _failure(UpstreamFailed(data))

    def _finished(self, made: list[dict[str, Any]]) -> Iterator[bytes]:
        try:
            for one in made:
                yield self._event("completed", encoded(self._user, one["file_id"]))
        except SwitchyardError as error:
            yield _failure(error)

    def _event(self, name: str, picture: str, **more: Any) -> bytes:
        kind = f"{self._kind}.{name}"
        extras = {
            field: self._order.extras.get(field, "auto") for field in ("background", "quality")
        }
        told = {
            "type": kind,
            "b64_json": picture,
            "created_at": now_s(),
            "size": self._order.size or "auto",
            "output_format": self._order.extras.get("output_format", "png"),
            **extras,
            **more,
        }
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(told))


def _failure(error: SwitchyardError) -> bytes:
    return b"event: error\ndata: %b\n\n" % orjson.dumps({"error": problems.of_error(error)})
