"""What users made for their work: models, prompts, tools, functions, memories, feedback."""

from typing import Any

from shared.models.catalogue import ModelRow
from shared.models.feedback import Feedback
from shared.models.function import ACTION, FILTER, PIPE, Function
from shared.models.memory import Memory
from shared.models.prompt import Prompt
from shared.models.tool import Tool
from shared.movein.mover import Moved, Mover
from shared.movein.row import Broken, Row
from shared.services import indexing, valves

_LONGEST_ID = 256
_LONGEST_TYPE = 64


class _Shared(Mover):
    """What has an owner and may let others in."""

    longest = _LONGEST_ID

    def _shared(self, row: Row) -> dict[str, Any]:
        """Give the columns that tell so."""
        return {
            "user_id": self._known.owner_or_heir(row.get("user_id")),
            "access_control": self._known.control(row.object("access_control")),
        }


def _times(row: Row) -> dict[str, int]:
    return {name: row.seconds(name) for name in ("created_at", "updated_at")}


class Models(_Shared):
    """Presets, and what was said of upstream models."""

    noun, table, model = "models", "model", ModelRow

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        model = ModelRow(
            id=self.key(row),
            base_model_id=row.word("base_model_id"),
            name=row.text("name") or self.key(row),
            params=row.object("params") or {},
            meta=row.object("meta") or {},
            is_active=bool(row.get("is_active", True)),
            **self._shared(row),
            **_times(row),
        )
        return Moved(model.id, [model])


class Prompts(_Shared):
    """Prompts, by their commands."""

    noun, table, model, name_of_key = "prompts", "prompt", Prompt, "command"

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        prompt = Prompt(
            command=self.key(row),
            title=row.text("title"),
            content=row.text("content"),
            timestamp=row.seconds("timestamp"),
            **self._shared(row),
        )
        return Moved(prompt.command, [prompt])


class Tools(_Shared):
    """Tools: source, taken as it is; nothing of it is run here."""

    noun, table, model = "tools", "tool", Tool

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        tool = Tool(
            id=self.key(row),
            name=row.text("name"),
            content=row.text("content"),
            specs=row.json("specs") or [],
            meta=row.object("meta") or {},
            valves=valves.sealed(row.object("valves")),
            **self._shared(row),
            **_times(row),
        )
        return Moved(tool.id, [tool])


class Functions(_Shared):
    """Functions: they come as active as they were."""

    noun, table, model = "functions", "function", Function

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        if row.text("type") not in (PIPE, FILTER, ACTION):
            raise Broken(f"'{row.text('type')[:40]}' is no type of function")
        function = Function(
            id=self.key(row),
            user_id=self._known.owner_or_heir(row.get("user_id")),
            name=row.text("name"),
            type=row.text("type"),
            content=row.text("content"),
            meta=row.object("meta") or {},
            valves=valves.sealed(row.object("valves")),
            is_active=row.flag("is_active"),
            is_global=row.flag("is_global"),
            **_times(row),
        )
        return Moved(function.id, [function])


class Memories(Mover):
    """Memories, each with a job that makes it searchable."""

    noun, table, model = "memories", "memory", Memory

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        owner = self._known.owner(row.get("user_id"))
        memory = Memory(id=row.key(), user_id=owner, content=row.text("content"), **_times(row))
        return Moved(memory.id, [memory], lambda: indexing.index_memories(owner, [memory.id]))


class Feedbacks(Mover):
    """Ratings of answers."""

    noun, table, model = "feedback", "feedback", Feedback

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        feedback = Feedback(
            id=row.key(),
            user_id=self._known.owner(row.get("user_id")),
            version=int(row.get("version", 0)),
            type=(row.text("type") or "rating")[:_LONGEST_TYPE],
            data=row.object("data"),
            meta=row.object("meta"),
            snapshot=row.object("snapshot"),
            **_times(row),
        )
        return Moved(feedback.id, [feedback])
