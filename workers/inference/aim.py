"""Which model answers a chat completion, and who asks it."""

from shared.kinds.inference import RunChat, WriteTitle
from shared.services import direct, models
from shared.services.accounts import Principal
from shared.services.models import Route
from workers.live import Running
from workers.page_calls import Page
from workers.providers import provider_for
from workers.providers.base import Answering


def route_of(owner: Principal, request: RunChat) -> Route:
    """Find where a request goes; a filter may have changed its model.

    Raises:
        NotFound: There is no such model for the owner.
        Forbidden, Invalid: It is one of a direct connection, and that cannot be asked.
    """
    if request.direct and request.direct.get("id") == request.model:
        direct.require(request.session_id)
        return direct.route(request.model)
    return models.route(owner, request.model, request.arena)


def answering(job: Running, route: Route, request: RunChat | WriteTitle) -> Answering:
    """Give who asks the model of a route: we ourselves, or the page from which the job comes."""
    if route.connection.kind != direct.KIND:
        return provider_for(route.connection)
    from workers.direct.provider import DirectProvider  # noqa: PLC0415 -- few ever need it

    place = request.page_chat_id, request.page_message_id
    page = Page(job.claim.user_id or "", request.session_id or "", *place)
    return DirectProvider(job, page, request.direct or {})
