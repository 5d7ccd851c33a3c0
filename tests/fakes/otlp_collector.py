"""A collector of traces: takes OTLP/HTTP in JSON, and gives the spans that it was sent."""

import json
from typing import Any

from tests.fakes.web_server import FakeWeb

_PATH = "/v1/traces"


class FakeCollector(FakeWeb):
    """The server; `answers(503)` lets it refuse. Use as a context."""

    def __init__(self) -> None:
        super().__init__()
        self.answers(200)

    def answers(self, status: int) -> None:
        """Answer with this status from now on."""
        self.put(_PATH, "{}", "application/json", status)

    @property
    def requests(self) -> list[dict[str, str]]:
        """The headers of what was sent."""
        return [headers for _, path, headers, _ in self.asked if path == _PATH]

    @property
    def resources(self) -> list[dict[str, Any]]:
        """What the senders say of themselves."""
        return [plain(one["resource"]["attributes"]) for one in self._sent()]

    @property
    def spans(self) -> list[dict[str, Any]]:
        """All spans in the order in which they came, attributes as plain values."""
        return [
            {**span, "attributes": plain(span["attributes"])}
            for one in self._sent()
            for scope in one["scopeSpans"]
            for span in scope["spans"]
        ]

    def of_trace(self, trace_id: str) -> dict[str, dict[str, Any]]:
        """Give the spans of a trace by their names."""
        return {span["name"]: span for span in self.spans if span["traceId"] == trace_id}

    def _sent(self) -> list[dict[str, Any]]:
        bodies = [json.loads(body) for _, path, _, body in self.asked if path == _PATH]
        return [one for body in bodies for one in body["resourceSpans"]]


def plain(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """Read attributes as OTLP writes them."""
    return {one["key"]: next(iter(one["value"].values())) for one in attributes}
