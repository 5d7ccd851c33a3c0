"""The filters of a batch's lines: what they keep from a model must not get there by this door."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shared import db
from shared.kinds.inference import RunChat
from shared.services import models
from shared.services.accounts import Principal
from shared.services.models import Route
from workers.filters.chain import Circumstances, Filters
from workers.plugins.listening import UserListener
from workers.providers.errors import Aborted
from workers.providers.line import Cut


@dataclass(frozen=True)
class _Claim:
    user_id: str | None
    chat_id: str | None = None
    message_id: str | None = None


class _LineJob:
    """Stands in for the job of one line; see `workers.filters.base.Job`."""

    def __init__(self, user: Principal, cut: Cut) -> None:
        self.claim = _Claim(user.id)
        self._cut = cut

    @contextmanager
    def abortable(self, abort: Callable[[], None]) -> Iterator[None]:
        """Let the batch's end end it."""
        self._cut.hold(abort)
        try:
            yield
        finally:
            self._cut.release()

    def check(self) -> None:
        """Go on only while the batch does.

        Raises:
            Aborted: It has ended.
        """
        if self._cut.is_set:
            raise Aborted


def filtered(
    user: Principal, route: Route, body: dict[str, Any], cut: Cut
) -> tuple[Route, dict[str, Any]]:
    """Let the filters of a model see a line before the model does.

    Returns:
        Where it goes, which a filter may have changed, and the request.

    Raises:
        FilterFailed: One does not let it pass.
        NotFound: It was sent to a model that the user has not.
        Aborted: The batch has ended.
    """
    with db.reading():
        turn = Circumstances(lambda: UserListener(user.id))
        filters = Filters(_LineJob(user, cut), user, route, turn)
    if not filters:
        return route, body
    asked = RunChat(body=body, model=route.model_id, is_stream=False)
    made = filters.inlet(asked)
    with db.reading():
        return models.route(user, made.model), made.body
