"""The job that has pictures made, and keeps them as files of who wants them."""

import time
from base64 import b64encode
from typing import Any

from shared import db
from shared.config.options import option
from shared.errors import Forbidden, Unavailable
from shared.ids import new_id
from shared.kinds.images import AskPainter, Paint
from shared.models.job import COMPLETED
from shared.services import accounts, content_types, files, images, indexing
from shared.services.accounts import Principal
from shared.services.files import Stored
from shared.storage import get_storage
from workers.images import get_painter
from workers.images.base import Order
from workers.inference.chat import owner_of
from workers.live import Running

# Previews stand in the event log: few, and small ones.
_PREVIEW_EVERY_S, _LARGEST_PREVIEW = 1.5, 200_000


class Painting:
    """Has pictures made."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, Paint)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload
        with db.reading():
            self._owner = _owner(job, job.payload)
            images.require(self._owner)
            keys = _keys(self._owner, self._ask)
        self._order = _order(self._ask, keys)
        self._stored: list[Stored] = []

    def do(self) -> None:
        """Have them made, and store each as it comes."""
        for content in get_painter().paint(self._order, Easel(self._job)):
            self._job.check()
            self._stored.append(keep(content, self._ask))
            done = {"done": len(self._stored), "total": self._ask.count}
            self._job.writer.emit("progress", {**done, "unit": "images", "note": "Stored"})
        if not self._stored:
            raise Unavailable("The engine made no picture.")

    def save(self, status: str, error: str | None) -> dict[str, Any]:  # noqa: ARG002 -- the protocol's signature
        """Make them files of their owner, or nothing of them."""
        if status != COMPLETED:
            if self._stored:
                indexing.clean_up(objects=[one.key for one in self._stored])
            return {}
        for stored in self._stored:
            files.add(self._owner.id, stored)
        return {"images": [{"url": address(one), "file_id": one.id} for one in self._stored]}


def address(stored: Stored) -> str:
    """Give where a picture is read."""
    return f"/api/v1/files/{stored.id}/content"


def keep(content: bytes, ask: Paint) -> Stored:
    """Put a picture into the storage.

    Raises:
        Unavailable: It is no picture.
    """
    kind = content_types.sniff(content[: content_types.HEAD_BYTES], "")
    if not kind.startswith("image/") or "svg" in kind:
        raise Unavailable("The engine sent something that is no picture.")
    file_id, name = new_id(), f"generated-image.{kind.rpartition('/')[2]}"
    key = files.key_of(file_id, name)
    upload = get_storage().begin(key)
    upload.write(content)
    upload.commit()
    told = ask.model_dump(include={"prompt", "negative_prompt", "size", "painter"})
    meta = {name: value for name, value in told.items() if value}
    return Stored(file_id, name, key, kind, len(content), meta)


class Easel:
    """See `workers.images.base.Easel`."""

    def __init__(self, job: Running) -> None:
        self._job = job
        self._last_preview = 0.0

    def check(self) -> None:
        """See the protocol."""
        self._job.check()

    def tell(self, percent: float, preview: tuple[str, bytes] | None = None) -> None:
        """See the protocol."""
        told: dict[str, Any] = {"done": round(min(max(percent, 0), 100)), "total": 100}
        told |= {"unit": "percent", "note": "Painting"}
        if preview is not None and self._is_time(preview[1]):
            told["preview"] = f"data:{preview[0]};base64,{b64encode(preview[1]).decode('ascii')}"
        self._job.writer.emit("progress", told)

    def _is_time(self, picture: bytes) -> bool:
        now = time.monotonic()
        if len(picture) > _LARGEST_PREVIEW or now - self._last_preview < _PREVIEW_EVERY_S:
            return False
        self._last_preview = now
        return True


def _owner(job: Running, ask: Paint) -> Principal:
    """Find out for whom pictures are made, as that account is now.

    Raises:
        Forbidden: It is gone.
    """
    if ask.user_id is None:
        return owner_of(job)
    user = accounts.principal_of(ask.user_id)
    if user is None:
        raise Forbidden
    return user


def _keys(owner: Principal, ask: Paint) -> list[str]:
    """Look the rights to the sources up again; gives where they lie, the mask last."""
    wanted = [*ask.sources, *([ask.mask] if ask.mask else [])]
    return [file.key for file in files.find_all(owner, wanted)]


def _order(ask: Paint, keys: list[str]) -> Order:
    read = [b"".join(get_storage().read(key)) for key in keys]
    count = len(ask.sources)
    return Order(
        prompt=ask.prompt,
        negative_prompt=ask.negative_prompt,
        count=ask.count,
        size=ask.size or option("IMAGE_SIZE"),
        model=ask.painter or option("IMAGE_GENERATION_MODEL"),
        steps=option("IMAGE_STEPS"),
        sources=tuple(read[:count]),
        mask=read[count] if len(read) > count else None,
        varies=ask.varies,
        extras=dict(ask.extras),
    )


class Question:
    """Asks the engine about itself."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, AskPainter)  # noqa: S101 -- for the type checker: the kind decides
        self._question = job.payload.question
        self._answer: dict[str, Any] = {}

    def do(self) -> None:
        """Ask."""
        painter = get_painter()
        if self._question == "check":
            painter.check()
        else:
            self._answer = {"models": painter.models()}

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give the answer."""
        return self._answer
