"""Having pictures painted, and waiting for them."""

from typing import Any

import orjson
from flask import Response, request

from shared import db
from shared.errors import Invalid
from shared.ids import now_s
from shared.kinds.images import PAINT, Paint
from shared.queue import Subject
from shared.services import files, images, jobs
from shared.services.accounts import Principal
from web.api import json_response
from web.files.receiving import received_form
from web.images.schemas import ChangeForm, OpenAIImageForm, changes_of, order_of
from web.images.streaming import encoded, streamed
from web.stream.waiting import ask

# Engines of one's own may take minutes.
_PATIENCE_S = 300.0
_MOST_SOURCES = 16
_PICTURES = ("image/png", "image/jpeg", "image/webp")
_BYTES = "b64_json"


def painted(user: Principal, order: Paint) -> list[dict[str, Any]]:
    """Have pictures painted and wait for them; a client that leaves finds them among its files.

    Raises:
        Forbidden: The user may not.
        Invalid: They are switched off, or no engine is configured.
        UpstreamFailed: The engine has failed.
        Busy: Too many of the user's jobs wait.
    """
    with db.reading():
        images.require(user)
    found = ask(PAINT, order, Subject(user.id), _PATIENCE_S)["images"]
    return list(found)


def answered(user: Principal, form: OpenAIImageForm, order: Paint) -> Response:
    """Have pictures painted and answer in OpenAI's form: whole, in events, or with the job."""
    if form.background in (True, "true"):
        with db.transaction():
            images.require(user)
            job_id = jobs.accept(PAINT, order, Subject(user.id))
        return json_response(orjson.dumps({"job": job_id, "status": "queued"}), 202)
    if form.stream:
        return streamed(user, order, form.partial_images or 0)
    pictures = painted(user, order)
    data = [_shown(user, picture, form.response_format == _BYTES) for picture in pictures]
    return json_response(orjson.dumps({"created": now_s(), "data": data}))


def _shown(user: Principal, picture: dict[str, Any], as_bytes: bool) -> dict[str, str]:
    if not as_bytes:
        return {"url": request.host_url.rstrip("/") + picture["url"]}
    return {_BYTES: encoded(user, picture["file_id"])}


def changed(user: Principal, varies: bool) -> Response:
    """Have the request's pictures changed and answer in OpenAI's form.

    Raises:
        Invalid: The form is not as it should be.
    """
    with db.reading():
        images.require(user)
    form, order = _received(user, varies)
    return answered(user, form, order)


def _received(user: Principal, varies: bool) -> tuple[ChangeForm, Paint]:
    names = ("image", "image[]", "mask")
    with received_form(names, _MOST_SOURCES + 1) as came:
        form = changes_of(came.fields.to_dict())
        if not varies and not form.prompt.strip():
            raise Invalid("prompt: it has to say what is to be changed")
        for _, stored in came.files:
            if stored.content_type not in _PICTURES:
                raise Invalid(f"This is no picture: it looks like {stored.content_type}.")
        with db.transaction():
            for _, stored in came.files:
                files.add(user.id, stored)
    sources = [stored.id for name, stored in came.files if name != "mask"]
    masks = [stored.id for name, stored in came.files if name == "mask"]
    told = {"sources": sources, "mask": masks[0] if masks else None, "varies": varies}
    return form, order_of(form).model_copy(update=told)
