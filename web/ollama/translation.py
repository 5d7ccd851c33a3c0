"""An Ollama chat request as the engine takes it, for whichever kind of connection has the model.

Source: Ollama, docs/api.md, "Generate a chat completion"; OpenAI API reference, "Chat".
"""

from typing import Any

import orjson

from shared.services.connections import OLLAMA
from web.completions.schemas import CompletionForm
from web.ollama.schemas import ChatForm

# Ollama's options that OpenAI-compatible servers know, under their names.
_OPENAI_NAMES = {
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "stop": "stop",
    "num_predict": "max_tokens",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}


def completion_form(form: ChatForm, kind: str) -> CompletionForm:
    """Write a chat request as a completion.

    Args:
        kind: Protocol of the connection that has the model.
    """
    given = form.model_dump(exclude_unset=True, exclude_none=True)
    given["stream"] = form.stream
    if kind == OLLAMA:
        return CompletionForm.model_validate(given)
    options = given.pop("options", {})
    given |= {name: options[o] for o, name in _OPENAI_NAMES.items() if o in options}
    for own in ("keep_alive", "template", "think"):
        given.pop(own, None)
    if wanted := given.pop("format", None):
        given["response_format"] = _response_format(wanted)
    given["messages"] = [_message(message) for message in given["messages"]]
    return CompletionForm.model_validate(given)


def _response_format(wanted: Any) -> dict[str, Any]:
    if isinstance(wanted, dict):
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": wanted}}
    return {"type": "json_object"}


def _message(message: dict[str, Any]) -> dict[str, Any]:
    made = {name: value for name, value in message.items() if name not in ("images", "thinking")}
    if images := message.get("images"):
        text = {"type": "text", "text": message.get("content") or ""}
        made["content"] = [text, *[_picture(image) for image in images]]
    if calls := message.get("tool_calls"):
        made["tool_calls"] = [_call(call, number) for number, call in enumerate(calls)]
    if message.get("role") == "tool":
        # Ollama's calls have no ids: the name has to do.
        made.setdefault("tool_call_id", str(made.pop("tool_name", made.get("name", "call_0"))))
    return made


def _picture(image: str) -> dict[str, Any]:
    url = image if image.startswith("data:") else f"data:image/png;base64,{image}"
    return {"type": "image_url", "image_url": {"url": url}}


def _call(call: dict[str, Any], number: int) -> dict[str, Any]:
    function = call.get("function") or {}
    arguments = function.get("arguments")
    text = arguments if isinstance(arguments, str) else orjson.dumps(arguments or {}).decode()
    name = str(function.get("name") or "")
    return {
        "id": call.get("id") or name or f"call_{number}",
        "type": "function",
        "function": {"name": name, "arguments": text},
    }
