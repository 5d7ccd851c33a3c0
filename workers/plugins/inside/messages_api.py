"""Small functions over lists of messages that plugins import by these names."""

import hashlib
import time
import uuid
from typing import Any

Message = dict[str, Any]


def get_content_from_message(message: Message) -> str | None:
    """Give the text of a message, of its first part where it has several."""
    content = message.get("content")
    if isinstance(content, list):
        return next((part.get("text") for part in content if part.get("type") == "text"), None)
    return content


def get_last_user_message_item(messages: list[Message]) -> Message | None:
    """Give the last message of the user."""
    return _last(messages, "user")


def get_last_user_message(messages: list[Message]) -> str | None:
    """Give the text of the last message of the user."""
    found = _last(messages, "user")
    return None if found is None else get_content_from_message(found)


def get_last_assistant_message_item(messages: list[Message]) -> Message | None:
    """Give the last answer."""
    return _last(messages, "assistant")


def get_last_assistant_message(messages: list[Message]) -> str | None:
    """Give the text of the last answer."""
    found = _last(messages, "assistant")
    return None if found is None else get_content_from_message(found)


def get_system_message(messages: list[Message]) -> Message | None:
    """Give the system message."""
    return next((one for one in messages if one.get("role") == "system"), None)


def remove_system_message(messages: list[Message]) -> list[Message]:
    """Give the messages without that of the system."""
    return [one for one in messages if one.get("role") != "system"]


def pop_system_message(messages: list[Message]) -> tuple[Message | None, list[Message]]:
    """Part the messages into that of the system and the others."""
    return get_system_message(messages), remove_system_message(messages)


def add_or_update_system_message(
    content: str, messages: list[Message], append: bool = False
) -> list[Message]:
    """Put a text into the system message, in front of what it has; make one where there is none."""
    if messages and messages[0].get("role") == "system":
        before = messages[0].get("content") or ""
        parts = (before, content) if append else (content, before)
        messages[0]["content"] = "\n".join(parts)
    else:
        messages.insert(0, {"role": "system", "content": content})
    return messages


def add_or_update_user_message(
    content: str, messages: list[Message], append: bool = True
) -> list[Message]:
    """Put a text to the last message, if that is the user's; else add one."""
    if messages and messages[-1].get("role") == "user":
        before = get_content_from_message(messages[-1]) or ""
        parts = (before, content) if append else (content, before)
        messages[-1]["content"] = "\n".join(parts)
    else:
        messages.append({"role": "user", "content": content})
    return messages


def append_or_update_assistant_message(content: str, messages: list[Message]) -> list[Message]:
    """Put a text to the last message, if that is an answer; else add one."""
    if messages and messages[-1].get("role") == "assistant":
        messages[-1]["content"] = f"{messages[-1].get('content') or ''}\n{content}"
    else:
        messages.append({"role": "assistant", "content": content})
    return messages


def get_messages_content(messages: list[Message]) -> str:
    """Write a conversation as a text."""
    return "\n".join(
        f"{str(one.get('role')).upper()}: {get_content_from_message(one)}" for one in messages
    )


def openai_chat_message_template(model: str) -> dict[str, Any]:
    """Begin an answer in OpenAI's form."""
    return {
        "id": f"{model}-{uuid.uuid4()}",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "logprobs": None, "finish_reason": None}],
    }


def openai_chat_chunk_message_template(
    model: str, content: str | None = None, tool_calls: Any = None, usage: Any = None, **_rest: Any
) -> dict[str, Any]:
    """Write a piece of an answer in OpenAI's form; one without anything is the last."""
    chunk = {**openai_chat_message_template(model), "object": "chat.completion.chunk"}
    parts = {"content": content, "tool_calls": tool_calls}
    chunk["choices"][0]["delta"] = {name: part for name, part in parts.items() if part}
    if not content and not tool_calls:
        chunk["choices"][0]["finish_reason"] = "stop"
    return {**chunk, "usage": usage} if usage else chunk


def openai_chat_completion_message_template(
    model: str, message: str | None = None, tool_calls: Any = None, usage: Any = None, **_rest: Any
) -> dict[str, Any]:
    """Write a whole answer in OpenAI's form."""
    answer = {**openai_chat_message_template(model), "object": "chat.completion"}
    said: Message = {"role": "assistant", "content": message or ""}
    answer["choices"][0] |= {
        "message": {**said, **({"tool_calls": tool_calls} if tool_calls else {})},
        "finish_reason": "stop",
    }
    return {**answer, "usage": usage} if usage else answer


def get_gravatar_url(email: str) -> str:
    """Give the address of a picture for an address."""
    name = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return f"https://www.gravatar.com/avatar/{name}?d=mp"


def calculate_sha256_string(text: str) -> str:
    """Give the checksum of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _last(messages: list[Message], role: str) -> Message | None:
    return next((one for one in reversed(messages) if one.get("role") == role), None)


NAMES: dict[str, Any] = {
    name: value
    for name, value in list(globals().items())
    if callable(value) and not name.startswith("_") and name not in ("Any", "Message")
}
