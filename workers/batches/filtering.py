"""The filters of a batch's lines: what they keep from a model must not get there by this door."""

from typing import Any

from shared import db
from shared.kinds.inference import RunChat
from shared.services import models
from shared.services.accounts import Principal
from shared.services.models import Route
from workers.filters.chain import Circumstances, Filters
from workers.plugins.listening import UserListener
from workers.providers.line import Cut
from workers.standing_in import StandIn


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
        filters = Filters(StandIn(user.id, cut), user, route, turn)
    if not filters:
        return route, body
    asked = RunChat(body=body, model=route.model_id, is_stream=False)
    made = filters.inlet(asked)
    with db.reading():
        return models.route(user, made.model), made.body
