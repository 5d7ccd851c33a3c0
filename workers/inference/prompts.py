"""The built-in prompts of small tasks, and how their placeholders are filled."""

import re
from datetime import UTC, datetime
from typing import Any

TITLE = """### Task:
Write a short title for the chat below, three to five words, preceded by one fitting emoji.
### Rules:
- Name the subject; do not answer and do not comment.
- Use the language of the chat.
- Write nothing but JSON.
### Output:
{ "title": "your title" }
### Chat:
<chat_history>
{{MESSAGES:END:2}}
</chat_history>"""

TAGS = """### Task:
Sort the chat below under one to three broad subjects, and up to two narrow ones.
### Rules:
- One or two words each; if nothing fits write ["General"].
- Use the language of the chat.
- Write nothing but JSON.
### Output:
{ "tags": ["first", "second"] }
### Chat:
<chat_history>
{{MESSAGES:END:6}}
</chat_history>"""

QUERIES = """### Task:
Say what to search for so that the last question of the chat below can be answered: one to three
short searches, each different. Today is {{CURRENT_DATE}}.
### Rules:
- If nothing needs to be searched, write an empty list.
- Use the language of the chat.
- Write nothing but JSON.
### Output:
{ "queries": ["first search", "second search"] }
### Chat:
<chat_history>
{{MESSAGES:END:6}}
</chat_history>"""

PICTURE = """### Task:
Describe the picture that the user of the chat below wishes for, so that a painter who has not read
the chat can paint it: its subject, the surroundings, the light, the manner.
### Rules:
- At most sixty words, in English.
- Write nothing but JSON.
### Output:
{ "prompt": "the description" }
### Chat:
<chat_history>
{{MESSAGES:END:6}}
</chat_history>"""

FOLLOW_UPS = """### Task:
Write three to five short questions or requests that the user of the chat below may want to send
next.
### Rules:
- Write them as the user would, in the language of the chat.
- Stay with the subject; repeat nothing that was answered.
- Write nothing but JSON.
### Output:
{ "follow_ups": ["first", "second", "third"] }
### Chat:
<chat_history>
{{MESSAGES:END:6}}
</chat_history>"""

AUTOCOMPLETE = """### Task:
Go on with the text below from where it breaks off, as its writer would.
### Rules:
- Write only what follows, a few words, at most one sentence; repeat nothing of the text.
- Its kind is "{{TYPE}}": a search query stays short, anything else goes on as a message.
- If nothing sensible follows write an empty text.
- Write nothing but JSON.
### Output:
{ "text": "what follows" }
### Chat:
<chat_history>
{{MESSAGES:END:6}}
</chat_history>
### Text:
<text>{{PROMPT}}</text>"""

EMOJI = """Answer with one emoji, and nothing else, that fits the mood of this text:
\"\"\"{{prompt}}\"\"\""""

_PLACEHOLDER = re.compile(
    r"\{\{(?:(?P<messages>MESSAGES)(?::(?P<which>START|END|MIDDLETRUNCATE):(?P<count>\d+))?"
    r"|(?P<prompt>prompt)(?::(?P<part>start|end|middletruncate):(?P<size>\d+))?"
    r"|(?P<word>[A-Z_]+))\}\}"
)

_WORD = re.compile(r"\{\{([A-Z_]+)\}\}")


def fill(
    template: str,
    messages: list[dict[str, Any]],
    user_name: str,
    prompt: str = "",
    more: dict[str, str] | None = None,
) -> str:
    """Fill the placeholders of a task's prompt.

    Args:
        template: Text with `{{MESSAGES…}}`, `{{prompt…}}`, `{{CURRENT_…}}` and `{{USER_…}}`.
        messages: The chat's branch, oldest first, `{"role", "content"}`.
        prompt: What stands for `{{prompt}}`; else the last question.
        more: What else has a name, such as `TYPE`.

    Source: contract, config §7 (the placeholders' names and meaning).
    """
    words = {**_words(user_name), **(more or {})}
    last = prompt or next((m["content"] for m in reversed(messages) if m["role"] == "user"), "")

    def value(found: re.Match[str]) -> str:
        if found["messages"]:
            return _transcript(messages, found["which"], found["count"])
        if found["prompt"]:
            return _cut_text(last, found["part"], found["size"])
        return words.get(found["word"], found[0])

    # In one go: what users wrote must not be taken for placeholders.
    return _PLACEHOLDER.sub(value, template)


def fill_words(template: str, user_name: str, variables: dict[str, str]) -> str:
    """Fill the placeholders of a model's system prompt.

    Args:
        template: Text with `{{CURRENT_…}}`, `{{USER_…}}` and whatever the variables name.
        variables: `{"{{NAME}}": "value"}`; they count before what the server knows itself, for a
            page knows its user's clock and language.
    """
    words = _words(user_name)

    def value(found: re.Match[str]) -> str:
        return variables.get(found[0], words.get(found[1], found[0]))

    return _WORD.sub(value, template)


def _words(user_name: str) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "CURRENT_DATE": now.strftime("%Y-%m-%d"),
        "CURRENT_TIME": now.strftime("%H:%M:%S"),
        "CURRENT_DATETIME": now.strftime("%Y-%m-%d %H:%M:%S"),
        "CURRENT_WEEKDAY": now.strftime("%A"),
        "CURRENT_TIMEZONE": "UTC",
        "USER_NAME": user_name,
        "USER_LOCATION": "Unknown",
    }


def _cut_text(text: str, how: str | None, count: str | None) -> str:
    size = int(count or 0)
    if how == "start":
        return text[:size]
    if how == "end":
        return text[-size:] if size else ""
    if how == "middletruncate" and len(text) > size:
        return f"{text[: size - size // 2]}...{text[len(text) - size // 2 :]}"
    return text


def _transcript(messages: list[dict[str, Any]], how: str | None, count: str | None) -> str:
    size = int(count or 0)
    if how == "START":
        messages = messages[:size]
    elif how == "END":
        messages = messages[-size:]
    elif how == "MIDDLETRUNCATE" and len(messages) > size:
        messages = messages[: size - size // 2] + messages[len(messages) - size // 2 :]
    return "\n".join(f"{m['role'].upper()}: {without_details(m['content'])}" for m in messages)


def without_details(content: str) -> str:
    """Leave out the blocks in which the page folds reasoning and tool calls away."""
    return re.sub(r"<details\b[^>]*>.*?</details>\s*", "", content, flags=re.DOTALL).strip()


def with_system(messages: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Put a text in front of the system message, or make it one."""
    if not messages or messages[0].get("role") != "system":
        return [{"role": "system", "content": text}, *messages]
    return [with_text(messages[0], text), *messages[1:]]


def with_text(message: dict[str, Any], text: str) -> dict[str, Any]:
    """Put a text in front of what a message says."""
    content = message.get("content") or ""
    if isinstance(content, list):
        return {**message, "content": [{"type": "text", "text": text}, *content]}
    return {**message, "content": f"{text}\n{content}"}


def with_text_behind(message: dict[str, Any], text: str) -> dict[str, Any]:
    """Put a text behind what a message says."""
    content = message.get("content") or ""
    if isinstance(content, list):
        return {**message, "content": [*content, {"type": "text", "text": text}]}
    return {**message, "content": content + text}
