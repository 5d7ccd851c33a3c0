"""A walk through all routes of the contract: who calls what, and what the answer should be.

The facts stand in `tests/contracts/routes.tsv`: one route a line, with a status for each caller.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from tests.services import shapes
from tests.services.caller import Caller, new_token
from tests.services.route_things import FILTER, MAKERS, NOBODYS, TOOL, Names, fresh

ROUTES = Path(__file__).parents[1] / "contracts" / "routes.tsv"
# Who calls. `other` is another user than the one whose thing it is; `lacking` is whoever may, where
# there is no such thing.
CALLERS = ("nobody", "pending", "user", "other", "admin", "lacking")
# A form of the page is sent back as it was read.
_AS_READ = "config:"
_UPLOAD = "upload"
# What stands between the pieces of a stream.
_PIECES = {"lines": "\n", "events": "\n\n"}


@dataclass(frozen=True)
class Route:
    """One line.

    Attributes:
        thing: What it is about, a key of `MAKERS`.
        body: JSON with names in braces, `upload`, `config:<where it is read>`, or `-` for none.
        shape: Of the answer to whoever may; see `shapes`. `file` and how its content type begins,
            `lines` or `events` and the shape of each piece, `-` where nobody gets what he asks for.
        statuses: By caller; None where it is not called.
    """

    area: str
    method: str
    path: str
    who: str
    thing: str
    body: str
    shape: str
    statuses: dict[str, int | None] = field(hash=False)

    @property
    def name(self) -> str:
        """Its name in reports."""
        return f"{self.method} {self.path}"


def routes() -> list[Route]:
    """Read all lines."""
    with ROUTES.open(newline="", encoding="utf-8") as stream:
        rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [_route(row) for row in rows]


def _route(row: dict[str, str]) -> Route:
    facts = {name: value for name, value in row.items() if name not in CALLERS}
    statuses = {name: int(row[name]) if row[name] != "-" else None for name in CALLERS}
    return Route(**facts, statuses=statuses)


@dataclass
class Walk:
    """The callers, and what the names in braces stand for."""

    callers: dict[str, Caller]
    names: Names

    def call(self, route: Route, caller: str) -> TestResponse:
        """Call a route as somebody, about a thing that was made for it."""
        names = {**NOBODYS, **self.names, "new": fresh(), "new_email": f"{fresh()}@example.com"}
        if caller != "lacking":
            names |= MAKERS[route.thing](self._signed_in("user"), self._signed_in("admin"))
        user = self.callers["user"].user
        names["email"] = user.email if user else ""
        who = self._signed_in(self.right(route) if caller == "lacking" else caller)
        return self._sent(who, route, names)

    def _signed_in(self, caller: str) -> Caller:
        """Sign somebody in anew: the call before may have ended all sign-ins."""
        who = self.callers[caller]
        return who if who.user is None else who.with_token(new_token(who.app, who.user))

    def right(self, route: Route) -> str:
        """Name the caller who may."""
        return "admin" if route.who == "admin" else "user"

    def _sent(self, who: Caller, route: Route, names: Names) -> TestResponse:
        path = _filled(route.path, names)
        if route.body == _UPLOAD:
            parts = {"file": (io.BytesIO(b"print(1)"), "notes.py"), "urlIdx": "0"}
            return who.send(route.method, path, None, data=parts)
        return who.send(route.method, path, self._body(route.body, names))

    def _body(self, body: str, names: Names) -> Any:
        if body.startswith(_AS_READ):
            return self._signed_in("admin").get(body.removeprefix(_AS_READ)).json
        if body == "-":
            return None
        return json.loads(_filled(body, {**names, "FILTER": FILTER, "TOOL": TOOL}, escape=True))

    def twin(self, route: Route) -> int:
        """Give the status of a stranger at the other slash form of a path."""
        path, mark, query = _filled(route.path, {**NOBODYS, **self.names}).partition("?")
        other = path[:-1] if path.endswith("/") else f"{path}/"
        return self.callers["nobody"].send(route.method, f"{other}{mark}{query}").status_code


def _filled(text: str, names: Names, escape: bool = False) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", json.dumps(value)[1:-1] if escape else value)
    return text


def differences(walk: Walk, route: Route) -> list[str]:
    """Call a route as everybody and tell what is not as it should be."""
    return list(_differences(walk, route))


def _differences(walk: Walk, route: Route) -> Iterator[str]:
    for caller in CALLERS:
        wanted = route.statuses[caller]
        if wanted is None:
            continue
        answer = walk.call(route, caller)
        if answer.status_code != wanted:
            yield f"{caller}: {answer.status_code} instead of {wanted}: {answer.text[:200]}"
        elif wanted == 200 and caller == walk.right(route):
            yield from _of_shape(answer, route.shape)


def _of_shape(answer: TestResponse, shape: str) -> list[str]:
    """Compare an answer with its shape; see `Route.shape`."""
    kind, _, rest = shape.partition(" ")
    if kind == "file":
        is_good = answer.content_type.startswith(rest)
        return [] if is_good else [f"it is {answer.content_type}"]
    if kind in _PIECES:
        pieces = answer.text.strip().split(_PIECES[kind])
        values = [json.loads(piece.removeprefix("data: ")) for piece in pieces]
        return shapes.differences(values, ("list", shapes.read(rest)))
    return shapes.differences(answer.json, shapes.read(shape))
