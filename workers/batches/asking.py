"""One line of a batch: asked, and its answer in OpenAI's form."""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from shared.errors import Busy, Reason, SwitchyardError
from shared.ids import new_id
from shared.services import models, quotas, usage
from shared.services.accounts import Principal
from shared.services.models import Route
from shared.services.quotas import Asker
from shared.services.usage import Tokens
from workers.batches.checking import Request
from workers.inference import preset
from workers.providers import provider_for
from workers.providers.behalf import asking_for
from workers.providers.errors import ProviderError, Refused
from workers.providers.line import Cut

log = logging.getLogger(__name__)

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
_STATUS: dict[str, int] = {
    Reason.BAD_REQUEST: 400,
    Reason.FORBIDDEN: 403,
    Reason.INTERNAL: 500,
    Reason.MISCONFIGURED: 502,
    Reason.NOT_FOUND: 404,
    Reason.RATE_LIMITED: 429,
    Reason.TIMEOUT: 504,
    Reason.UNAVAILABLE: 502,
}


@dataclass(frozen=True)
class Answered:
    """What came of a line.

    Attributes:
        content: The line of the output or the error file.
        cost: What it is to be charged with.
    """

    number: int
    is_ok: bool
    content: bytes
    model: str
    cost: Tokens


class TooFast(SwitchyardError):
    """A provider, or a quota, wants a pause; the line is to be asked again after it."""

    def __init__(self, retry_after_s: float | None) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


def ask(user: Principal, batch: str, endpoint: str, request: Request, cut: Cut) -> dict[str, Any]:
    """Ask a provider what stands in a line.

    Args:
        batch: Id of the batch, for the quotas.
        cut: Ends the call from outside.

    Raises:
        TooFast: A pause is wanted.
        SwitchyardError: The line cannot be answered; `Unavailable` if it may be later.
    """
    if request.body.get("stream"):
        raise Refused("A batch has no streams.", 400)
    if endpoint == RESPONSES:
        from workers.batches import responding  # noqa: PLC0415 -- most batches have none

        form, body = responding.asked(request.body)
        answer = ask(user, batch, CHAT, Request(request.custom_id, body), cut)
        return responding.answered(form, answer)
    route, asked = models.route(user, request.model), request.body
    if endpoint == CHAT and models.has_filters(route):
        from workers.batches.filtering import filtered  # noqa: PLC0415 -- most have none

        route, asked = filtered(user, route, asked, cut)
    with _counted(user, batch, request) as settle, asking_for(user):
        answer = _asked(user, endpoint, route, asked, cut)
        settle(cost_of(request, answer))
    return {**answer, "model": request.model} if "model" in answer else answer


def _asked(
    user: Principal, endpoint: str, route: Route, body: dict[str, Any], cut: Cut
) -> dict[str, Any]:
    provider = provider_for(route.connection)
    try:
        if endpoint == CHAT:
            return provider.complete(preset.applied(body, route, user, {}), cut)
        sent = orjson.dumps({**body, "model": route.upstream_id})
        path = _path(route.connection.kind, endpoint)
        return _object(provider.ask("POST", path, sent, cut))
    except ProviderError as error:
        if error.reason == Reason.RATE_LIMITED:
            raise TooFast(error.retry_after_s) from error
        raise


@contextlib.contextmanager
def _counted(user: Principal, batch: str, request: Request) -> Iterator[Any]:
    """Count a line against the quotas; without an answer it costs no tokens.

    Raises:
        TooFast: A quota is used up for now.
    """
    asker = Asker(user.id, request.model, quotas.is_by_key.get())
    try:
        held = quotas.admit(asker, batch, request.body, is_job=False)
    except Busy as error:
        raise TooFast(error.retry_after_s) from error
    spent: list[Tokens] = []
    try:
        yield spent.append
    finally:
        quotas.settle(None, held, batch, spent[0] if spent else None)


def _path(kind: str, endpoint: str) -> str:
    # Ollama speaks OpenAI's language below /v1; addresses of OpenAI's kind end with it.
    return endpoint if kind == "ollama" else endpoint.removeprefix("/v1")


def _object(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise Refused("The provider's answer is not an object.", reason=Reason.UNAVAILABLE)
    return answer


def cost_of(request: Request, answer: dict[str, Any]) -> Tokens:
    """Find out what an answer has cost."""
    choices = answer.get("choices") or [{}]
    text = (choices[0].get("message") or {}).get("content") or answer.get("output")
    return usage.tokens_of(request.body, {"usage": answer.get("usage"), "text": text})


def good(number: int, request: Request, answer: dict[str, Any]) -> Answered:
    """Write the line of an answer."""
    content = _line(request.custom_id, _response(200, answer), None)
    return Answered(number, True, content, request.model, cost_of(request, answer))


def bad(number: int, request: Request, error: SwitchyardError) -> Answered:
    """Write the line of a request that has failed for good."""
    status = error.upstream_status or _STATUS.get(error.reason, 500)
    told = {"message": error.message, "type": "invalid_request_error", "param": None}
    if status >= 500:
        told["type"] = "server_error"
    body = {"error": {**told, "code": str(error.reason)}}
    content = _line(request.custom_id, _response(status, body), None)
    return Answered(number, False, content, request.model, Tokens())


def unasked(custom_id: str, code: str, message: str) -> bytes:
    """Write the line of a request that was not made."""
    return _line(custom_id, None, {"code": code, "message": message})


def _response(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"status_code": status, "request_id": new_id(), "body": body}


def _line(custom_id: str, response: dict[str, Any] | None, error: dict[str, Any] | None) -> bytes:
    name = f"batch_req_{new_id().replace('-', '')}"
    return orjson.dumps({"id": name, "custom_id": custom_id, "response": response, "error": error})
