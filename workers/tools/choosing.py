"""Choosing by prompt: the task model says which functions help with a question, before the answer.

Source: contract, chat-flow §9 (the request's and the answer's form).
"""

import logging
from typing import Any

import orjson

from shared import db
from shared.config.options import option
from shared.errors import SwitchyardError
from shared.ids import new_id
from workers.context.queries import last_question
from workers.inference.asking import json_beside, task_route, text_of
from workers.live import Stopped
from workers.tools.base import Occasion, Spec
from workers.tools.calls import Call

log = logging.getLogger(__name__)

_HISTORY = 4
_MOST_CALLS = 8
_PLACE = "{{TOOLS}}"
TEMPLATE = """### Task:
Decide which of the functions below have to be called so that the query can be answered.
### Functions:
{{TOOLS}}
### Rules:
- Call a function only if the answer needs what it gives; several may be called at once.
- Name every parameter that it requires, with values taken from the query and its history.
- If none is needed write an empty list.
- Write nothing but JSON.
### Output:
{ "tool_calls": [{ "name": "function", "parameters": { "parameter": "value" } }] }"""


def choose(occasion: Occasion, specs: list[Spec], messages: list[dict[str, Any]]) -> list[Call]:
    """Let the task model choose; one that says nothing of use, or fails, chooses nothing.

    Raises:
        Stopped: The job has to end.
    """
    try:
        said = _asked(occasion, specs, messages)
    except Stopped:
        raise
    except SwitchyardError as error:
        log.info("no tool is chosen: %s", error)
        return []
    return _calls_in(said)


def _asked(occasion: Occasion, specs: list[Spec], messages: list[dict[str, Any]]) -> dict[str, Any]:
    with db.reading():
        route = task_route(occasion.owner, occasion.request.model)
    template = option("TOOLS_FUNCTION_CALLING_PROMPT_TEMPLATE") or TEMPLATE
    body = {
        "model": route.upstream_id,
        "messages": [
            {"role": "system", "content": template.replace(_PLACE, orjson.dumps(specs).decode())},
            {"role": "user", "content": _query(messages)},
        ],
        "stream": False,
    }
    return json_beside(occasion.job, occasion.owner, route, body, "tools")


def _query(messages: list[dict[str, Any]]) -> str:
    told = [one for one in messages if one.get("role") in ("user", "assistant")][-_HISTORY:]
    history = "\n".join(f'{one["role"].upper()}: """{text_of(one)}"""' for one in told)
    return f"History:\n{history}\nQuery: {last_question(messages)}"


def _calls_in(said: dict[str, Any]) -> list[Call]:
    """Read what the model has chosen: a list of calls, or a single one."""
    listed = said.get("tool_calls", [said])
    found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [
        Call(new_id(), one["name"], orjson.dumps(one.get("parameters") or {}).decode())
        for one in found[:_MOST_CALLS]
        if isinstance(one.get("name"), str) and one["name"]
    ]
