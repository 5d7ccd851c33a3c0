"""From a response request to a completion: input items become messages.

Source: OpenAI API reference, "Create a model response" and "Chat".
"""

from typing import Any

from shared.errors import Invalid
from shared.services.responses.form import ResponseForm

_SAME = ("temperature", "top_p")
_TEXTS = ("input_text", "output_text", "text", "summary_text")


def chat_request(form: ResponseForm, before: list[dict[str, Any]]) -> dict[str, Any]:
    """Write a request as a chat completion's.

    Args:
        before: Messages of the responses that this one goes on from.

    Raises:
        Invalid: It asks for nothing, or for something that chat completions cannot do.
    """
    _refuse_what_is_kept_elsewhere(form)
    body: dict[str, Any] = {"model": form.model}
    body |= {name: value for name in _SAME if (value := getattr(form, name)) is not None}
    if form.max_output_tokens is not None:
        body["max_tokens"] = form.max_output_tokens
    if effort := (form.reasoning or {}).get("effort"):
        body["reasoning_effort"] = effort
    if response_format := _response_format((form.text or {}).get("format")):
        body["response_format"] = response_format
    if form.tools:
        body |= {"tools": [_tool(tool) for tool in form.tools], "tool_choice": _choice(form)}
    system = [{"role": "system", "content": form.instructions}] if form.instructions else []
    asked = system + before + messages_of(form.input)
    if not asked:
        raise Invalid("`input` is missing or empty.")
    return body | {"messages": asked}


def _refuse_what_is_kept_elsewhere(form: ResponseForm) -> None:
    """Refuse what would be answered wrongly if it were left out."""
    for name in ("conversation", "prompt"):
        if getattr(form, name):
            raise Invalid(f"`{name}` is not offered here; send all input, or previous_response_id.")


def _response_format(wanted: dict[str, Any] | None) -> dict[str, Any] | None:
    kind = (wanted or {}).get("type")
    if wanted is None or kind in (None, "text"):
        return None
    if kind == "json_schema":
        schema = {k: v for k, v in wanted.items() if k in ("name", "schema", "strict")}
        return {"type": "json_schema", "json_schema": schema}
    return {"type": kind}


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    if tool.get("type") != "function":
        raise Invalid(f"Tools of type '{tool.get('type')}' are not offered here, only functions.")
    return {"type": "function", "function": {k: v for k, v in tool.items() if k != "type"}}


def _choice(form: ResponseForm) -> Any:
    choice = form.tool_choice
    if isinstance(choice, dict) and choice.get("type") == "function":
        return {"type": "function", "function": {"name": choice.get("name")}}
    return choice


def messages_of(given: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write input items as messages; neighbouring calls become one message's.

    Raises:
        Invalid: There is none, or one of a kind that chat completions do not have.
    """
    if isinstance(given, str):
        return [{"role": "user", "content": given}] if given else []
    made: list[dict[str, Any]] = []
    for item in given:
        _add(made, item)
    return made


def _add(made: list[dict[str, Any]], item: dict[str, Any]) -> None:
    kind = item.get("type", "message")
    if kind == "message":
        role = "system" if item.get("role") == "developer" else item.get("role")
        made.append({"role": role, "content": _content(item.get("content"))})
    elif kind == "function_call":
        call = {
            "id": item.get("call_id"),
            "type": "function",
            "function": {"name": item.get("name"), "arguments": item.get("arguments") or "{}"},
        }
        if made and made[-1].get("tool_calls"):
            made[-1]["tool_calls"].append(call)
        else:
            made.append({"role": "assistant", "content": None, "tool_calls": [call]})
    elif kind == "function_call_output":
        output = _content(item.get("output"))
        made.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": output})
    elif kind != "reasoning":
        raise Invalid(f"Input items of type '{kind}' are not understood here.")


def _content(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    parts = [_part(part) for part in content if isinstance(part, dict)]
    if all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _part(part: dict[str, Any]) -> dict[str, Any]:
    kind = part.get("type")
    if kind in _TEXTS:
        return {"type": "text", "text": str(part.get("text") or "")}
    if kind == "input_image" and isinstance(part.get("image_url"), str):
        picture = {"url": part["image_url"], "detail": part.get("detail") or "auto"}
        return {"type": "image_url", "image_url": picture}
    raise Invalid(f"Content of type '{kind}' is not understood here.")
