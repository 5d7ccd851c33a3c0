"""An OpenAI chat request, written as Ollama's `/api/chat` wants it.

Source: Ollama, docs/api.md and docs/modelfile.md ("Valid parameters and values").
"""

from typing import Any

from shared.errors import Reason
from shared.loose_json import parse
from workers.providers.errors import Refused

# OpenAI's parameters that Ollama has under another name, or the same but among the options.
_RENAMED = {
    "max_tokens": "num_predict",
    "max_completion_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "stop": "stop",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
_OPTIONS = frozenset(
    {
        "num_ctx", "num_keep", "num_predict", "num_batch", "num_gpu", "main_gpu", "num_thread",
        "use_mmap", "use_mlock", "numa", "low_vram", "vocab_only", "draft_num_predict",
        "top_k", "min_p", "typical_p", "tfs_z", "repeat_last_n", "repeat_penalty",
        "mirostat", "mirostat_eta", "mirostat_tau", "penalize_newline",
    }
)  # fmt: skip
# Open WebUI's clients send these among the options; Ollama wants them beside.
_BESIDE = ("format", "keep_alive", "think")
_DROPPED = frozenset(
    ("options", "stream", "stream_options", "n", "user", "store", "metadata", "parallel_tool_calls")
)


def to_ollama(body: dict[str, Any]) -> dict[str, Any]:
    """Write a request in Ollama's form.

    Args:
        body: An OpenAI chat completion request; `options`, `format`, `keep_alive`, `think` and
            Ollama's option names are understood too, keys that nobody knows are kept.

    Raises:
        Refused: It holds something that Ollama cannot take.
    """
    made, options = _sorted_out(body)
    _translate_format(made)
    _translate_effort(made)
    for key in _BESIDE:
        if key in options:
            made.setdefault(key, options.pop(key))
    if isinstance(options.get("stop"), str):
        options["stop"] = [options["stop"]]
    made["messages"] = _messages(body.get("messages") or [])
    if options:
        made["options"] = options
    return made


def _sorted_out(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what stands in the request itself from its options."""
    made: dict[str, Any] = {}
    options = dict(body.get("options") or {})
    for key, value in body.items():
        if key in _DROPPED or value is None:
            continue
        if key in _RENAMED:
            options.setdefault(_RENAMED[key], value)
        elif key in _OPTIONS:
            options.setdefault(key, value)
        else:
            made[key] = value
    return made, options


def _translate_format(made: dict[str, Any]) -> None:
    wanted = made.pop("response_format", None)
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        made.setdefault("format", "json")
    elif kind == "json_schema":
        schema = wanted.get("json_schema")
        made.setdefault("format", (isinstance(schema, dict) and schema.get("schema")) or "json")


def _translate_effort(made: dict[str, Any]) -> None:
    effort = made.pop("reasoning_effort", None)
    if effort:
        made.setdefault("think", False if effort == "none" else effort)


def _messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names: dict[str, str] = {}  # of the functions, by the id of their call
    made = []
    for message in messages:
        given = {
            k: v for k, v in message.items() if k not in ("content", "tool_calls", "tool_call_id")
        }
        given["content"], images = _content(message.get("content"))
        if images:
            given["images"] = [*(message.get("images") or []), *images]
        if message.get("tool_calls"):
            given["tool_calls"] = [_call(call, names) for call in message["tool_calls"]]
        if (call_id := str(message.get("tool_call_id"))) in names:
            given.setdefault("tool_name", names[call_id])
        made.append(given)
    return made


def _content(content: Any) -> tuple[str, list[str]]:
    """Take a message's content apart: its text, and its images in base64."""
    if not isinstance(content, list):
        return content or "", []
    texts = []
    images = []
    for part in content:
        if part.get("type") == "text":
            texts.append(part.get("text") or "")
        elif part.get("type") == "image_url":
            images.append(_image(part.get("image_url")))
        else:
            raise _unfit(f"Ollama takes no message parts of type {str(part.get('type'))[:40]!r}.")
    return "\n".join(texts), images


def _image(image: Any) -> str:
    url = image.get("url") if isinstance(image, dict) else image
    if not isinstance(url, str):
        raise _unfit("An image needs its url, with the image itself in it.")
    if url.startswith("data:") and ";base64," in url[:200]:
        return str(url.partition(",")[2])
    if "://" in url[:20]:
        raise _unfit("Ollama takes images only in the message itself, not by address.")
    return url


def _call(call: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    function = call.get("function")
    if not isinstance(function, dict):
        raise _unfit("A tool call needs its function: an object with name and arguments.")
    name = str(function.get("name") or "")
    names[str(call.get("id"))] = name
    arguments = function.get("arguments") or {}
    if isinstance(arguments, str):
        try:
            arguments = parse(arguments.encode())
        except ValueError as error:
            raise _unfit(f"The arguments of the call of {name!r} are not JSON.") from error
    return {"function": {"name": name, "arguments": arguments}}


def _unfit(words: str) -> Refused:
    return Refused(words, reason=Reason.BAD_REQUEST)
