"""Type annotations as JSON schemas, in the form in which Pydantic writes them."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

from shared.services.sources.module import Source, literal, name_of

Schema = dict[str, Any]

_SIMPLE: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "Decimal": {"type": "number"},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "format": "binary"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "UUID": {"type": "string", "format": "uuid"},
    "SecretStr": {"type": "string", "format": "password", "writeOnly": True},
    "HttpUrl": {"type": "string", "format": "uri"},
    "EmailStr": {"type": "string", "format": "email"},
    "None": {"type": "null"},
    "dict": {"type": "object"},
    "list": {"type": "array", "items": {}},
}
_LISTS = frozenset(
    (
        "list",
        "List",
        "Sequence",
        "Iterable",
        "set",
        "Set",
        "frozenset",
        "FrozenSet",
        "tuple",
        "Tuple",
    )
)
_MAPS = frozenset(("dict", "Dict", "Mapping", "MutableMapping", "OrderedDict"))
_PASSED_THROUGH = frozenset(("Final", "Required", "NotRequired", "Awaitable"))
_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}
# Arguments of Pydantic's `Field`, by their names in a schema.
_FIELD: dict[str, str] = {
    "title": "title",
    "description": "description",
    "ge": "minimum",
    "le": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "examples": "examples",
}
# Deeper types than this are taken for anything.
_DEEPEST = 12
# And so is what follows after so many: classes may name each other again and again.
_MOST = 2000


class Types:
    """Reads the annotations of one module."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = _MOST

    def schema(self, node: ast.expr | None, depth: int = 0) -> Schema:
        """Write an annotation as a schema; what is not known is anything."""
        self._left -= 1
        if node is None or depth > _DEEPEST or self._left < 0:
            return {}
        if isinstance(node, ast.Constant):
            return self._constant(node, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union(list(_alternatives(node)), depth)
        if isinstance(node, ast.Subscript):
            return self._generic(node, depth)
        return self._named(name_of(node), depth)

    def _constant(self, node: ast.Constant, depth: int) -> Schema:
        if node.value is None:
            return {"type": "null"}
        if not isinstance(node.value, str):
            return {}
        try:
            return self.schema(ast.parse(node.value, mode="eval").body, depth + 1)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {}

    def _named(self, name: str, depth: int) -> Schema:
        if name in self._source.classes:
            return self._class(self._source.classes[name], depth + 1)
        if name in _SIMPLE:
            return dict(_SIMPLE[name])
        if name in _LISTS:
            return dict(_SIMPLE["list"])
        if name in _MAPS:
            return dict(_SIMPLE["dict"])
        return self.schema(self._source.aliases.get(name), depth + 1)

    def _generic(self, node: ast.Subscript, depth: int) -> Schema:
        name = name_of(node.value)
        inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in ("Optional", "Union"):
            nothing = [ast.Constant(None)] if name == "Optional" else []
            return self._union([*inner, *nothing], depth)
        if name == "Literal":
            return enumeration(list(map(_or_none, inner)))
        if name == "Annotated":
            return {**self.schema(inner[0], depth + 1), **_annotations(inner[1:])}
        return self._container(name, inner, depth)

    def _container(self, name: str, inner: list[ast.expr], depth: int) -> Schema:
        if name in _LISTS:
            return {"type": "array", "items": self.schema(inner[0], depth + 1)}
        if name in _MAPS:
            values = self.schema(inner[-1], depth + 1)
            return {"type": "object", **({"additionalProperties": values} if values else {})}
        return self.schema(inner[0], depth + 1) if name in _PASSED_THROUGH else {}

    def _union(self, alternatives: list[ast.expr], depth: int) -> Schema:
        schemas: list[Schema] = []
        for one in alternatives:
            schema = self.schema(one, depth + 1)
            if schema not in schemas:
                schemas.append(schema)
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

    def _class(self, node: ast.ClassDef, depth: int) -> Schema:
        if any(name.endswith("Enum") for name in map(name_of, node.bases)):
            return enumeration(list(_members(node)))
        return self.object(node, depth)

    def object(self, node: ast.ClassDef, depth: int = 0) -> Schema:
        """Write a class with annotated fields as a schema."""
        properties: dict[str, Schema] = {}
        required: list[str] = []
        for name, field in self._fields(node):
            title = name.replace("_", " ").title()
            described, is_required = described_value(field.value)
            type_of = self.schema(field.annotation, depth + 1) or guessed(described)
            properties[name] = {"title": title, **type_of, **described}
            if is_required:
                required.append(name)
        schema: Schema = {"properties": properties, "title": node.name, "type": "object"}
        return {**schema, "required": required} if required else schema

    def _fields(self, node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
        fields: dict[str, ast.AnnAssign] = {}
        for one in reversed(list(self._source.lineage(node))):
            for statement in one.body:
                name = name_of(statement.target) if isinstance(statement, ast.AnnAssign) else ""
                if name and not name.startswith("_") and not _is_of_the_class(statement):
                    fields[name] = statement  # type: ignore[assignment]  # has a name: an AnnAssign
        yield from fields.items()


def described_value(node: ast.expr | None) -> tuple[Schema, bool]:
    """Read what stands behind the `=` of a field.

    Returns:
        What of it belongs into the schema, and whether the field must be given.
    """
    if node is None:
        return {}, True
    if not (isinstance(node, ast.Call) and name_of(node.func) == "Field"):
        return _default(node), False
    arguments = {word.arg or "": word.value for word in node.keywords}
    default = node.args[0] if node.args else arguments.get("default")
    described = {
        _FIELD[name]: value
        for name, value in ((n, _or_none(v)) for n, v in arguments.items() if n in _FIELD)
        if value is not None
    }
    extra = _or_none(arguments.get("json_schema_extra"))
    if isinstance(extra, dict):
        described |= extra
    factory = arguments.get("default_factory")
    if factory is not None:
        return {**described, **_made_by(factory)}, False
    is_required = default is None or (isinstance(default, ast.Constant) and default.value is ...)
    return (described, True) if is_required else ({**described, **_default(default)}, False)


def guessed(described: Schema) -> Schema:
    """Guess the type of what has no annotation from its default."""
    default = described.get("default")
    return (
        {"type": _TYPES[type(default)]} if type(default) in _TYPES and default is not None else {}
    )


def enumeration(values: list[Any]) -> Schema:
    """Write a choice among values."""
    types = {_TYPES[type(value)] for value in values if type(value) in _TYPES}
    return {"enum": values, **({"type": types.pop()} if len(types) == 1 else {})}


def _default(node: ast.expr | None) -> Schema:
    try:
        value = literal(node)
    except ValueError:
        return {}
    return {"default": list(value) if isinstance(value, tuple | set | frozenset) else value}


_EMPTY: dict[str, Callable[[], Any]] = {"list": list, "dict": dict, "str": str, "set": list}


def _made_by(factory: ast.expr) -> Schema:
    if isinstance(factory, ast.Lambda):
        return _default(factory.body)
    name = name_of(factory)
    return {"default": _EMPTY[name]()} if name in _EMPTY else {}


def _annotations(notes: list[ast.expr]) -> Schema:
    for note in notes:
        if isinstance(note, ast.Constant) and isinstance(note.value, str):
            return {"description": note.value}
        if isinstance(note, ast.Call) and name_of(note.func) == "Field":
            described, _ = described_value(note)
            return described
    return {}


def _alternatives(node: ast.expr) -> Iterator[ast.expr]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.BitOr):
            waiting += [one.right, one.left]
        else:
            yield one


def _members(node: ast.ClassDef) -> Iterator[Any]:
    for statement in node.body:
        value = _or_none(statement.value) if isinstance(statement, ast.Assign) else None
        if value is not None:
            yield value


def _is_of_the_class(statement: ast.stmt) -> bool:
    annotation = statement.annotation if isinstance(statement, ast.AnnAssign) else None
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return name_of(base) == "ClassVar"


def _or_none(node: ast.expr | None) -> Any:
    try:
        return literal(node)
    except ValueError:
        return None
