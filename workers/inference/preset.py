"""What a model's row adds to a request: its parameters, its system prompt and its skills."""

from collections.abc import Sequence
from typing import Any

from shared.services import parameters
from shared.services.accounts import Principal
from shared.services.models import Route
from workers.inference import prompts, skills


def applied(
    body: dict[str, Any],
    route: Route,
    user: Principal,
    variables: dict[str, str],
    skill_ids: Sequence[str] = (),
) -> dict[str, Any]:
    """Write a request as a model's row wants it.

    Args:
        body: The request as the client wants it; not changed.
        route: Where it goes, with the row's parameters.
        user: For whom.
        variables: What the client puts for placeholders, `{"{{NAME}}": "value"}`.
        skill_ids: The skills that the request names beside those of the model.
    """
    upper = parameters.as_request(route.params, route.connection.kind)
    made = {**parameters.laid_over(body, upper), "model": route.upstream_id}
    if route.pipeline is not None:
        # Source: contract of pipelines servers; to others a user is a text.
        made["user"] = {"id": user.id, "email": user.email, "name": user.name, "role": user.role}
    named = [*route.skill_ids, *skill_ids]
    if named and (written := skills.written(user, named)):
        made["messages"] = prompts.with_system(body.get("messages") or [], written)
    system = route.params.get("system")
    if isinstance(system, str) and system.strip():
        filled = prompts.fill_words(system, user.name, variables)
        made["messages"] = prompts.with_system(made.get("messages") or [], filled)
    return made
