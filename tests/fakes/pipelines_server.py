"""A pipelines server by its documented protocol: lists, valves, filters, and pipes as models.

Source: https://github.com/open-webui/pipelines (routes, bodies and statuses).
"""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.threaded import Handler, ThreadedFake

Change = Callable[[dict[str, Any], dict[str, Any]], Any]


class Refusal(Exception):
    """What a pipeline raises; the server answers 500 with its words."""


@dataclass
class Pipeline:
    """A program on the server.

    Attributes:
        kind: "filter" or "pipe".
        targets: Models that a filter is for.
        inlet, outlet: Called with the body and the user; give the body as it is to be.
        says: What a pipe answers.
    """

    kind: str = "filter"
    targets: list[str] = field(default_factory=lambda: ["*"])
    priority: int = 0
    valves: dict[str, Any] | None = None
    inlet: Change | None = None
    outlet: Change | None = None
    says: str = "piped"

    def about(self, name: str) -> dict[str, Any]:
        """Describe it in the list of models."""
        told: dict[str, Any] = {"type": self.kind, "valves": self.valves is not None}
        if self.kind == "filter":
            told |= {"pipelines": self.targets, "priority": self.priority}
        return {"id": name, "name": name, "object": "model", "created": 1, "pipeline": told}


class FakePipelines(ThreadedFake):
    """The server; use as a context.

    Attributes:
        pipelines: What runs on it, by id.
        asked: Requests that came, as (method, path, JSON or text).
        hangs: Whether filters wait until the end of the test.
    """

    def __init__(self) -> None:
        self.pipelines: dict[str, Pipeline] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.key = "pipelines-key"
        self.hangs = False
        self.closing = threading.Event()
        super().__init__(_Handler)

    def asked_at(self, path: str) -> list[Any]:
        """Give what came to a path."""
        return [body for _, asked, body in self.asked if asked == path]

    def let_go(self) -> None:
        """See `ThreadedFake`."""
        self.closing.set()


class _Handler(Handler):
    def serve(self) -> None:
        is_json = self.seen.get("content-type") == "application/json"
        body = json.loads(self.body) if self.body and is_json else self.body.decode()
        self.fake.asked.append((self.command, self.path, body))
        if self.seen.get("authorization") != f"Bearer {self.fake.key}":
            self.tell_json({"detail": "Invalid API key"}, 401)
            return
        for pattern, act in _ROUTES:
            if found := re.fullmatch(pattern, f"{self.command} {self.path}"):
                act(self, body, *found.groups())
                return
        self.tell_json({"detail": "Not Found"}, 404)

    def list_models(self, _body: Any) -> None:
        data = [one.about(name) for name, one in self.fake.pipelines.items()]
        self.tell_json({"data": data, "object": "list", "pipelines": True})

    def list_pipelines(self, _body: Any) -> None:
        found = self.fake.pipelines.items()
        data = [
            {"id": name, "name": name, "type": one.kind, "valves": one.valves is not None}
            for name, one in found
        ]
        self.tell_json({"data": data})

    def upload(self, body: str) -> None:
        name = re.search(r'filename="([^"]+)\.py"', body)
        self.fake.pipelines[name[1]] = Pipeline()
        self.tell_json({"status": True, "detail": f"Pipeline uploaded successfully {name[1]}"})

    def add(self, body: dict[str, Any]) -> None:
        if "broken" in body["url"]:
            self.tell_json({"detail": "Failed to download"}, 500)
            return
        self.tell_json({"status": True, "detail": "Pipeline added successfully"})

    def delete(self, body: dict[str, Any]) -> None:
        if self.fake.pipelines.pop(body["id"], None) is None:
            self.tell_json({"detail": f"Pipeline {body['id']} not found"}, 404)
            return
        self.tell_json({"status": True, "detail": "Pipeline deleted successfully"})

    def valves(self, body: Any, name: str, part: str | None) -> None:
        one = self.fake.pipelines.get(name)
        if one is None or one.valves is None:
            self.tell_json({"detail": f"Valves for {name} not found"}, 404)
        elif part == "/spec":
            self.tell_json({"title": "Valves", "type": "object", "properties": {}})
        else:
            one.valves |= body if part == "/update" else {}
            self.tell_json(one.valves)

    def filter(self, body: dict[str, Any], name: str, side: str) -> None:
        if self.fake.hangs:
            self.fake.closing.wait(60)
            return
        one = self.fake.pipelines.get(name)
        if one is None:
            self.tell_json({"detail": f"Filter {name} not found"}, 404)
            return
        change = getattr(one, side)
        try:
            self.tell_json(change(body["body"], body["user"]) if change else body["body"])
        except Refusal as error:
            self.tell_json({"detail": str(error)}, 500)

    def complete(self, body: dict[str, Any]) -> None:
        said = self.fake.pipelines[body["model"]].says
        message = {"role": "assistant", "content": said}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self.tell_json({"id": "c", "object": "chat.completion", "created": 1, "choices": [choice]})


_ROUTES: tuple[tuple[str, Callable[..., None]], ...] = (
    (r"GET /models", _Handler.list_models),
    (r"GET /pipelines", _Handler.list_pipelines),
    (r"POST /pipelines/upload", _Handler.upload),
    (r"POST /pipelines/add", _Handler.add),
    (r"DELETE /pipelines/delete", _Handler.delete),
    (r"(?:GET|POST) /([^/]+)/valves(/spec|/update)?", _Handler.valves),
    (r"POST /([^/]+)/filter/(inlet|outlet)", _Handler.filter),
    (r"POST /chat/completions", _Handler.complete),
)
