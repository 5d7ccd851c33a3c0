"""Valves: the settings of tools and functions, for admins and for each user.

Their values are checked against what the source says of them, their secrets sealed, and shown as
masks.
"""

import re
from typing import Annotated, Any, Literal, NotRequired, Required, Union

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from shared import db
from shared.config.secrets import is_mask, mask, seal, unseal
from shared.errors import Invalid, NotFound
from shared.models.function import Function
from shared.models.tool import Tool
from shared.models.user import User
from shared.services import descriptions, sources
from shared.services.sources.valves import ADMINS, USERS, valves_spec

Values = dict[str, Any]
Spec = dict[str, Any]
Thing = Tool | Function

# Where a user's settings keep them.
_NOUNS: dict[type, str] = {Tool: "tools", Function: "functions"}

_SECRET = re.compile(r"(^|_)(key|token|secret|password|passwd|credentials?)s?$", re.IGNORECASE)
_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list[Any],
    "object": dict[str, Any],
    "null": None,
}


def described(thing: Thing, whose: str) -> Spec | None:
    """Describe the valves of a tool or a function as a JSON schema; None when it has none.

    Args:
        whose: `ADMINS` or `USERS` of `sources.valves`.
    """
    if (found := descriptions.found(thing)) is not None:
        spec: Spec | None = found["valves" if whose == ADMINS else "user_valves"]
        return spec
    return valves_spec(sources.parse(thing.content), whose)


def set_values(thing: Thing, values: Values) -> Values | None:
    """Set the admins' valves; gives them as they are shown.

    Raises:
        Invalid: There are none, or a value does not fit.
    """
    thing.valves = _prepared(described(thing, ADMINS), values, thing.valves)
    return shown(thing.valves)


def of_user(user_id: str, thing: Thing) -> Values | None:
    """Give what a user has set for a tool or a function, as it is stored.

    Raises:
        NotFound: The account is gone.
    """
    part = _object(_object(_account(user_id).settings).get(_NOUNS[type(thing)]))
    values = _object(part.get("valves")).get(thing.id)
    return values if isinstance(values, dict) else None


def set_of_user(user_id: str, thing: Thing, values: Values) -> Values | None:
    """Set what a user wants of a tool or a function; gives it as it is shown.

    Raises:
        Invalid: There is nothing to set, or a value does not fit.
        NotFound: The account is gone.
    """
    stored = _prepared(described(thing, USERS), values, of_user(user_id, thing))
    user, noun = _account(user_id), _NOUNS[type(thing)]
    settings = user.settings or {}
    part = _object(settings.get(noun))
    kept = {**_object(part.get("valves")), thing.id: stored}
    user.settings = {**settings, noun: {**part, "valves": kept}}
    return shown(stored)


def clear(stored: Values | None) -> Values:
    """Give stored values in clear, for whoever runs the source."""
    return {n: unseal(v) if _is_secret(n, v) else v for n, v in (stored or {}).items()}


def sealed(values: Values | None) -> Values | None:
    """Give values that stand somewhere in clear as they are stored, without a look at what the
    source says of them.
    """
    if values is None:
        return None
    return {n: seal(v) if _is_secret(n, v) else v for n, v in values.items()}


def sealed_settings(settings: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give a user's settings whose valves stand in them in clear as they are stored."""
    kept = dict(settings or {})
    for noun in _NOUNS.values():
        part = _object(kept.get(noun))
        if _object(part.get("valves")):
            values = {name: sealed(_object(own)) for name, own in part["valves"].items()}
            kept[noun] = {**part, "valves": values}
    return None if settings is None else kept


def shown(stored: Values | None) -> Values | None:
    """Give stored values as the API shows them: secrets as masks."""
    if stored is None:
        return None
    return {n: mask(v) if _is_secret(n, v) else v for n, v in clear(stored).items()}


def _prepared(spec: Spec | None, values: Values, before: Values | None) -> Values:
    """Check values that somebody sets, and write them as they are stored.

    Args:
        spec: What the source says of its valves; None when it has none.
        values: Those without a value do not count; a mask stands for the secret that is stored.
        before: What is stored so far.

    Raises:
        Invalid: The source has no valves, or one of the values is of the wrong form.
    """
    if spec is None:
        raise Invalid("There are no valves to set.")
    stored = before or {}
    given = {name: value for name, value in values.items() if value is not None}
    for name, value in given.items():
        if _is_secret(name, value) and is_mask(value):
            given[name] = unseal(str(stored.get(name, "")))
    return {
        name: seal(value) if _is_secret(name, value) else value
        for name, value in _checked(spec, given).items()
    }


def _object(value: Any) -> Values:
    """Take for empty what is no object: users write their settings as they like."""
    return value if isinstance(value, dict) else {}


def _account(user_id: str) -> User:
    user = db.session().get(User, user_id)
    if user is None:
        raise NotFound
    return user


def _is_secret(name: str, value: Any) -> bool:
    return isinstance(value, str) and bool(_SECRET.search(name))


def _checked(spec: Spec, values: Values) -> Values:
    try:
        form = _form(spec)
        checked: Values = form.dump_python(form.validate_python(values), mode="json")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Invalid(f"The valve {place} cannot be set: {first['msg']}.") from None
    return checked


def _form(spec: Spec) -> TypeAdapter[Any]:
    """Make a form of a description; not a model, for that reserves some names."""
    required = spec.get("required") or []
    wrapper: Any
    typed_dict: Any = TypedDict
    fields: dict[str, Any] = {}
    for name, schema in spec["properties"].items():
        wrapper = Required if name in required else NotRequired
        fields[name] = wrapper[Annotated[_type(schema), Field(**_bounds(schema))]]
    return TypeAdapter(typed_dict("Valves", fields))


def _bounds(schema: dict[str, Any]) -> dict[str, Any]:
    number = schema.get("type") in ("integer", "number")
    names = {"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}
    return {
        ours: schema[theirs]
        for theirs, ours in names.items()
        if number and isinstance(schema.get(theirs), int | float)
    }


def _type(schema: dict[str, Any]) -> Any:
    if "enum" in schema and all(isinstance(v, str | int | bool | None) for v in schema["enum"]):
        return Literal[tuple(schema["enum"])]
    if "anyOf" in schema:
        return Union[tuple(_type(one) for one in schema["anyOf"])]  # noqa: UP007 -- made of a list
    kind = schema.get("type")
    return _TYPES.get(kind, Any) if isinstance(kind, str) else Any
