"""Models: what the connections offer, overlaid with what admins and users made of it.

The offer is gathered by a job and kept in Redis, so that asking for the list costs nobody a call to
a slow or dead server.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any

import orjson
from redis.exceptions import RedisError
from sqlalchemy import select

from shared import db
from shared.config.options import option
from shared.errors import NotFound, UnknownModel
from shared.models.catalogue import ModelRow
from shared.models.function import ACTION, FILTER
from shared.redis import get_redis, key
from shared.services import access, accounts, arena, cards, connections, pipelines, pipes, skills
from shared.services.accounts import Principal
from shared.services.connections import Connection

_OFFER_TTL_S = 7 * 86_400
_FRESH_S = 1.0
_FRESH_FOR_MISSING_S = 0.1
# Where a model's row names the functions that are not for all models.
_NAMED_BY = {ACTION: "actionIds", FILTER: "filterIds"}


@dataclass(frozen=True)
class Route:
    """Where a model's requests go.

    Attributes:
        model_id: The id that the client used.
        connection: Whom to ask.
        upstream_id: The id that the server knows.
        params: Parameters of the model's row, put over those of the request.
        pipeline: What a pipelines server tells of a model of its own; None for all others.
        skill_ids: The skills that the model's row names, as somebody wrote them.
    """

    model_id: str
    connection: Connection
    upstream_id: str
    params: dict[str, Any]
    pipeline: dict[str, Any] | None = None
    skill_ids: tuple[Any, ...] = ()


class _Offer:
    """This process's copy of the offer."""

    def __init__(self) -> None:
        self.models: list[dict[str, Any]] | None = None
        self.version: Any = None
        self.is_outdated = False
        self.checked_at = -_FRESH_S


class _Catalogue:
    """This process's copy of the catalogue, and of the offer below it by id."""

    def __init__(self) -> None:
        self.models: list[dict[str, Any]] = []
        self.by_id: dict[str, dict[str, Any]] = {}
        self.offered: dict[str, dict[str, Any]] = {}
        self.filters: list[dict[str, Any]] = []
        self.cards: list[cards.Card] = []
        self.made_at = -_FRESH_S


_offer = _Offer()
_catalogue = _Catalogue()


def edition() -> int:
    """Count how often the connections were changed; to be asked before they are read."""
    return int(get_redis().get(key("models", "edition")) or 0)


def save_offer(models: list[dict[str, Any]], of_edition: int | None = None) -> None:
    """Keep what the connections offer now, for all processes.

    Args:
        of_edition: Which state of the connections was asked; None for the present one.
    """
    pipe = get_redis().pipeline()
    pipe.set(key("models", "offer"), orjson.dumps(models), ex=_OFFER_TTL_S)
    pipe.set(key("models", "asked"), edition() if of_edition is None else of_edition)
    pipe.incr(key("models", "version"))
    pipe.execute()
    forget_catalogue()


def outdate_offer() -> None:
    """Make the next who lists models wait for a new offer; called when connections change.

    Until then the older one counts for what still has a connection: answers go on.
    """
    get_redis().incr(key("models", "edition"))
    get_redis().incr(key("models", "version"))
    forget_catalogue()


def is_outdated() -> bool:
    """Whether nobody has asked the connections yet, or not since they were changed."""
    return offer() is None or _offer.is_outdated


def offer() -> list[dict[str, Any]] | None:
    """Give what the connections offer; None when nobody has asked them yet."""
    now = time.monotonic()
    if now - _offer.checked_at > _FRESH_S or _offer.models is None:
        # Whoever comes while this one looks is served the older copy.
        _offer.checked_at = now
        try:
            _look_for_offer()
        except RedisError:
            if _offer.models is None:
                raise
    return _offer.models


def is_offered(model_id: str) -> bool:
    """Whether a connection offers a model of this id."""
    return any(model["id"] == model_id for model in offer() or ())


def _look_for_offer() -> None:
    version = get_redis().get(key("models", "version"))
    if version is None and _offer.models is not None:
        # Redis has come back empty: what this process knows is better than nothing.
        save_offer(_offer.models)
    elif version != _offer.version or _offer.models is None:
        names = [key("models", name) for name in ("offer", "asked", "edition")]
        packed, asked, current = get_redis().mget(names)
        _offer.models = None if packed is None else orjson.loads(packed)
        _offer.is_outdated = int(asked or 0) < int(current or 0)
        _offer.version = version


def catalogue() -> list[dict[str, Any]]:
    """List every active model, with rows laid over the offer, in the admin's order; at most a
    second old.
    """
    now = time.monotonic()
    if now - _catalogue.made_at > _FRESH_S:
        if _catalogue.models:
            # Whoever comes while this one makes the next list is served the older one.
            _catalogue.made_at = now
        offered = {model["id"]: model for model in offer() or []}
        made = _make_catalogue(offered)
        _catalogue.models, _catalogue.by_id = made, {model["id"]: model for model in made}
        _catalogue.offered = offered
        _catalogue.filters = [model for model in offered.values() if pipelines.is_filter(model)]
        _catalogue.made_at = now
    return _catalogue.models


def forget_catalogue() -> None:
    """Make this process's next list anew; the others follow within a second."""
    _catalogue.made_at = _offer.checked_at = -_FRESH_S


def _make_catalogue(offered: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    if not offered:
        return []  # nobody could answer, for no preset either
    with db.reading() as session:
        rows = session.scalars(select(ModelRow)).all()
        _catalogue.cards = cards.active()
    overrides = {row.id: row for row in rows if row.base_model_id is None}
    models = []
    for upstream in offered.values():
        if pipelines.is_filter(upstream):
            continue
        row = _override(overrides, upstream)
        if row is None:
            models.append({**upstream, **_buttons({})})
        elif row.is_active:
            about = {"name": row.name, "info": as_json(row), **_buttons(row.meta)}
            models.append({**upstream, **about})
    models += [model for model in arena.models() if model["id"] not in offered]
    presets = [row for row in rows if row.base_model_id and row.is_active and row.id not in offered]
    models += [_preset(row, _base(offered, row.base_model_id)) for row in presets]
    return _ordered(models)


def _override(overrides: dict[str, ModelRow], upstream: dict[str, Any]) -> ModelRow | None:
    """Find what an admin says of a model; of one of Ollama's also without its tag."""
    found = overrides.get(upstream["id"])
    if found is None and upstream["owned_by"] == connections.OLLAMA:
        found = overrides.get(upstream["id"].split(":")[0])
    return found


def pipelines_on(route: Route) -> list[pipelines.Step]:
    """List the pipelines, in their order, that take part in what goes to a model."""
    catalogue()
    return pipelines.steps(route, _catalogue.filters)


def has_filters(route: Route) -> bool:
    """Whether anybody sees what goes to a model before it does."""
    return bool(pipelines_on(route) or functions_on(route.model_id, FILTER))


def functions_on(model_id: str, kind: str) -> list[cards.Card]:
    """List the filters or the actions that are for a model, in their order.

    Args:
        kind: FILTER or ACTION.
    """
    info = (_find(model_id) or {}).get("info") or {}
    return _functions_on(info.get("meta") or {}, kind)


def shown_to_functions(model_id: str) -> dict[str, Any]:
    """Give what functions may know of a model."""
    found = _find(model_id) or {"id": model_id}
    return {name: value for name, value in found.items() if name not in ("mark", "connection")}


def _functions_on(meta: dict[str, Any], kind: str) -> list[cards.Card]:
    named = meta.get(_NAMED_BY[kind])
    named = named if isinstance(named, list) else []
    return [
        card
        for card in _catalogue.cards
        if card.type == kind and (card.is_global or card.id in named)
    ]


def _buttons(meta: dict[str, Any]) -> dict[str, Any]:
    """List what the page shows of a model's functions."""
    return {
        "actions": [shown for card in _functions_on(meta, ACTION) for shown in card.shown],
        "filters": [shown for card in _functions_on(meta, FILTER) for shown in card.shown],
    }


def _base(offered: dict[str, dict[str, Any]], base_id: str | None) -> dict[str, Any] | None:
    """Find what stands behind a preset, though it may be switched off by itself."""
    return offered.get(base_id or "") or offered.get(f"{base_id}:latest")


def _preset(row: ModelRow, base: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "object": "model",
        "created": row.created_at,
        "owned_by": base["owned_by"] if base else "openai",
        "info": as_json(row),
        "preset": True,
        **_buttons(row.meta),
        "tags": row.meta.get("tags") or [],
    }


def as_json(row: ModelRow) -> dict[str, Any]:
    """Give a model row as the API shows it."""
    names = (
        "id",
        "user_id",
        "base_model_id",
        "name",
        "params",
        "meta",
        "access_control",
        "is_active",
        "updated_at",
        "created_at",
    )
    return {name: getattr(row, name) for name in names}


def _ordered(models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    order = {model_id: place for place, model_id in enumerate(option("MODEL_ORDER_LIST") or [])}
    if not order:
        return models
    return sorted(models, key=lambda m: (order.get(m["id"], len(order)), m["name"]))


def visible_to(user: Principal) -> list[dict[str, Any]]:
    """List the models that a user may use."""
    return [model for model in catalogue() if access.can(user, "read", model)]


def route(user: Principal, model_id: str, through: str | None = None) -> Route:
    """Find where the requests for a model go, for a user who may use it.

    Args:
        model_id: One of the arena leads to any of those that may answer for it; its route tells to
            which.
        through: The model of the arena by which this one was found.

    Raises:
        NotFound: There is no such model, or not for this user; the two are not told apart.
    """
    model = find_visible(user, through or model_id)
    if model.get("arena"):
        return _in_arena(user, model, None if through is None else model_id)
    made = _route(model_id, model)
    if made is None or (model.get("preset") and not _may_reach_base(user, model["info"])):
        raise _unknown(model_id)
    return made


def _in_arena(user: Principal, model: dict[str, Any], wanted: str | None) -> Route:
    """Find a route behind a model of the arena: the wanted one, else any."""
    names = arena.candidates(user, model, catalogue())
    left = [name for name in names if wanted in (None, name)]
    while left:
        name = left.pop(secrets.randbelow(len(left)))
        if found := _behind(user, model, name):
            return found
    raise _unknown(wanted or model["id"])


def _behind(user: Principal, model: dict[str, Any], name: str) -> Route | None:
    if arena.names_models(model):
        return anybodys_route(name)
    try:
        return route(user, name)
    except NotFound:
        return None


def _may_reach_base(user: Principal, preset: dict[str, Any]) -> bool:
    """Whether a preset leads to its base: for admins, for presets that an admin or nobody any more
    owns, and where its owner or the user who asks may use the base itself.
    """
    if user.role == accounts.ADMIN:
        return True
    with db.reading() as session:
        owner = accounts.principal_of(preset["user_id"])
        if owner is None or owner.role == accounts.ADMIN:
            return True
        base_id = preset["base_model_id"]
        about = session.get(ModelRow, base_id) or session.get(ModelRow, base_id.split(":")[0])
        base = {"info": as_json(about)} if about is not None else {}
    return access.can(owner, "read", base) or access.can(user, "read", base)


def find_visible(user: Principal, model_id: str) -> dict[str, Any]:
    """Give a model of the catalogue to a user who may use it.

    Raises:
        NotFound: There is no such model, or not for this user; the two are not told apart.
    """
    found = _find(model_id)
    if found is None or not access.can(user, "read", found):
        raise _unknown(model_id)
    return found


def _unknown(model_id: str) -> NotFound:
    return UnknownModel(f"Model '{model_id}' was not found")


def anybodys_route(model_id: str) -> Route | None:
    """Find where the requests for a model go that an admin chose for everybody; None when it is not
    offered.
    """
    found = _find(model_id)
    return None if found is None else _route(model_id, found)


def _find(model_id: str) -> dict[str, Any] | None:
    catalogue()
    found = _in_catalogue(model_id)
    if found is None and time.monotonic() - _catalogue.made_at > _FRESH_FOR_MISSING_S:
        forget_catalogue()  # another process may have made it a moment ago
        catalogue()
        found = _in_catalogue(model_id)
    return found


def _in_catalogue(model_id: str) -> dict[str, Any] | None:
    models = _catalogue.by_id
    return models.get(model_id) or models.get(f"{model_id}:latest")


def _route(model_id: str, model: dict[str, Any]) -> Route | None:
    info = model.get("info") or {}
    base = _base(_catalogue.offered, info.get("base_model_id")) if model.get("preset") else model
    if base is None or "urlIdx" not in base:
        return None
    place = base["connection"], base["urlIdx"], base["mark"]
    is_pipe = base["connection"] == pipes.PIPE
    connection = pipes.find_enabled(base["id"]) if is_pipe else connections.find_enabled(*place)
    if connection is None:
        return None
    upstream_id = connection.upstream_id(base["id"])
    params, described = info.get("params") or {}, pipelines.described(base)
    return Route(model_id, connection, upstream_id, params, described, skills.named_by(info))
