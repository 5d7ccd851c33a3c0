"""An upstream's own stream, passed on item by item: lines of JSON, or server-sent events of it."""

from typing import Any

from workers.providers.base import Event
from workers.providers.lines import ErrorItem, Garbled, read_json
from workers.providers.reader import EventReader


class ItemReader(EventReader):
    """Gives ("item", {"item": …}) for each JSON object of a stream, as it came."""

    def _read_lines(self, lines: list[bytes], events: list[Event]) -> None:
        for line in lines:
            if not self.done and (text := _json_of(line)):
                self._read_item(text, events)

    def _read_item(self, text: bytes, events: list[Event]) -> None:
        if text == b"[DONE]":
            self.done = True
            return
        try:
            item = read_json(text)
        except ValueError as error:
            raise Garbled("it sent something that is not JSON", text) from error
        if not isinstance(item, dict):
            raise Garbled("it sent something that is no object", text)
        if item.get("error"):
            raise ErrorItem(item["error"])
        self._has_meta = True
        events.append(("item", {"item": item}))
        if progress := _progress(item):
            events.append(("progress", progress))
        self.done = item.get("done") is True or item.get("status") == "success"


def _json_of(line: bytes) -> bytes:
    """Take the frame of a server-sent event off a line; comments and other fields say nothing."""
    line = line.strip()
    if line.startswith(b"data:"):
        return line[5:].strip()
    return b"" if line.startswith((b":", b"event:", b"id:", b"retry:")) else line


def _progress(item: dict[str, Any]) -> dict[str, Any] | None:
    """Tell how far the transfer of a model has come, in our own words for it."""
    if not isinstance(item.get("status"), str):
        return None
    done, total = item.get("completed"), item.get("total")
    return {"done": done, "total": total, "unit": "bytes", "note": item["status"]}
