"""What a fake model server answers, as a pure function of the question, and how it misbehaves.

Words in the last user message steer it; so does the model's id, behind a semicolon
(`fake-alpha;cut=3;delay=0`), and `POST /__control` sets defaults for all. What they mean:

    tokens=24 delay=30      number of words; milliseconds before each (0: as fast as possible)
    say=a+b                 the answer is "a b"
    runs=N                  the answer is code for the interpreter that prints N
    late=N                  an answer in one piece comes after N milliseconds
    utf8=1                  words with letters of two, three and four bytes
    stamp=1                 each word is `t<monotonic nanoseconds>`, taken when it is sent
    think=6                 so many words of reasoning first
    tool=NAME args=a:1,b:2  calls this function, if it is offered and no result is there yet
    rounds=f(a:1)+g()/h(b:2)   calls f and g, and when their results are there h, if all are offered
    choose=f(a:1)+g()       what to call, when a prompt asks for JSON with `tool_calls`
    recite=1                the answer is the results of the calls
    group=8                 so many words per send
    endless=1               never ends
    longline=1048576        one word of this many bytes in the middle

    fail=429 retry=2 times=1   answers with this status and an error object; Retry-After; only the
                               first so many times that this is asked
    hang=N cut=N reset=N       after N words: says no more, closes, resets the connection
    error=N badjson=N          after N words: sends an error item, something that is not JSON
    hang_head=1 drop=1 noise=1 instead of a head: nothing ever, closes, bytes that are not HTTP
    html=1 empty=1 json=1      instead of a stream: a web page, nothing, a completion in one piece
    split=N slice=N            chunks of N bytes of the body; sends of N bytes of what goes out
    burst=1 crlf=1 comments=1 pretty=1 nodone=1 gzip=1
                               all in one send; CR LF; comments between; JSON over several data
                               lines; no [DONE]; compressed
    close=1 http10=1 interim=1 trailers=1 extension=1 badchunk=N linger=1
                               framings: until the end of the connection, HTTP/1.0, 103 before,
                               trailers, chunk extensions, wrong chunk size after N words,
                               connection left open after [DONE] without the last chunk
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

TEXT = ("say", "tool", "args", "rounds", "choose")
NUMBERS = (
    "tokens", "delay", "late", "utf8", "stamp", "think", "group", "endless", "longline", "fail",
    "retry", "times", "hang", "cut", "reset", "error", "badjson", "hang_head", "drop", "noise",
    "html", "empty", "json", "split", "slice", "burst", "crlf", "comments", "pretty", "nodone",
    "recite", "runs", "gzip", "close", "http10", "interim", "trailers", "extension", "badchunk",
    "linger",
)  # fmt: skip
DEFAULTS: dict[str, Any] = {"tokens": 24, "delay": 30}
_WORD = re.compile(r"(?<!\w)([a-z_0-9]+)=([^\s<>\"'`;]+)")
_PIECE = re.compile(r"\S+\s*")


def digest(text: str, size: int = 12) -> str:
    """Give the first hex digits of a text's SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:size]


def text_of(content: Any) -> str:
    """Give the text of a message's content, whichever form it has."""
    if isinstance(content, list):
        return "\n".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content or ""


def last_question(messages: list[dict[str, Any]]) -> str:
    """Give the text of the last user message."""
    asked = (m for m in reversed(messages) if m.get("role") == "user")
    return text_of(next(asked, {}).get("content"))


def words_in(text: str) -> dict[str, Any]:
    """Read the steering words of a text."""
    found: dict[str, Any] = {}
    for name, value in _WORD.findall(text):
        if name in TEXT:
            found.setdefault(name, value)
        elif name in NUMBERS and (number := re.match(r"\d+", value)):
            found.setdefault(name, int(number[0]))
    return found


def answer_for(prompt: str, tokens: int = DEFAULTS["tokens"]) -> str:
    """Give the text that the fake answers to a question.

    Args:
        prompt: The last user message.
        tokens: The server's default number of words.
    """
    return task_answer(prompt) or _answer(prompt, {"tokens": tokens, **words_in(prompt)})


def _answer(prompt: str, words: dict[str, Any]) -> str:
    if "say" in words:
        return str(words["say"]).replace("+", " ")
    if "runs" in words:
        tag = '<code_interpreter type="code" lang="python">'
        return f"Let me see.\n{tag}\nprint({words['runs']})\n</code_interpreter>"
    ending = "é漢🙂" if words.get("utf8") else ""
    counted = "".join(f"w{n:03d}{ending} " for n in range(1, words["tokens"] + 1))
    return f"ECHO-{digest(prompt)} {counted}DONE-{digest(prompt)}"


def _asked_queries(prompt: str) -> dict[str, Any]:
    history = prompt.rpartition("<chat_history>")[2].partition("</chat_history>")[0]
    turn = re.split(r"(?mi)^assistant:", re.split(r"(?mi)^user:", history)[-1])[0]
    return {"queries": [" ".join(re.sub(r"<[^>]+>", " ", turn).split())[:300]]}


# Front ends ask for these over the same door; they are known by the JSON that they ask for.
_TASKS: list[tuple[str, Callable[[str], dict[str, Any]]]] = [
    ("follow_ups", lambda _: {"follow_ups": ["Next question one?", "Next question two?"]}),
    ("queries", _asked_queries),
    ("tags", lambda _: {"tags": ["faketag"]}),
    ("title", lambda prompt: {"title": f"Title {digest(prompt, 6)}"}),
    ("prompt", lambda _: {"prompt": "a plain square"}),
    ("text", lambda _: {"text": "and so on"}),
]


def task_answer(prompt: str) -> str:
    """Give the JSON that a task prompt asks for; empty for an ordinary question."""
    low = prompt.lower()
    if "### task" not in low and "autocompletion system" not in low:
        return ""
    if "autocompletion system" in low:
        return json.dumps({"text": ""})
    if "emoji" in low and '"title"' not in low:
        return "\N{SLIGHTLY SMILING FACE}"
    for name, make in _TASKS:
        if f'"{name}"' in low or (name == "title" and "concise" in low and "title" in low):
            return json.dumps(make(prompt))
    return ""


@dataclass
class Plan:
    """What one request is answered with.

    Attributes:
        kind: "chat" or "task".
        text: The whole answer.
        words: The steering words that hold for it.
        tools: Function calls instead of the text: their names and arguments.
    """

    kind: str
    question: str
    text: str
    words: dict[str, Any] = field(default_factory=dict)
    tools: list[dict[str, str]] = field(default_factory=list)

    @property
    def tool(self) -> dict[str, str] | None:
        """The first of the calls."""
        return self.tools[0] if self.tools else None

    @property
    def pieces(self) -> list[str]:
        """The text in the pieces in which it is sent."""
        pieces = _PIECE.findall(self.text)
        if self.words.get("longline"):
            pieces.insert(len(pieces) // 2, "x" * self.words["longline"] + " ")
        return pieces

    @property
    def thoughts(self) -> list[str]:
        """The reasoning in the pieces in which it is sent."""
        return [f"thought{n} " for n in range(1, self.words.get("think", 0) + 1)]

    def stream_words(self) -> Iterator[str]:
        """Give the words of a streamed answer, the stamped and the endless too."""
        if self.get("stamp"):
            yield from (f"t{time.monotonic_ns()} " for _ in self.pieces)
            return
        yield from self.pieces
        while self.get("endless"):
            yield "more "

    def get(self, name: str) -> Any:
        """Give a steering word's value, None when it is not there."""
        return self.words.get(name)


def plan(request: dict[str, Any], defaults: dict[str, Any]) -> Plan:
    """Decide on an answer.

    Args:
        request: Body of a chat request, in OpenAI's or Ollama's form.
        defaults: Steering words that hold where the question has none.
    """
    messages = request.get("messages") or []
    question = last_question(messages)
    task = task_answer(question)
    if task:
        return Plan("task", question, task, {**defaults, "delay": 0})
    words = {**defaults, **words_in(str(request.get("model", ""))), **words_in(question)}
    if _is_choice(messages):
        return Plan("task", question, _chosen(words.get("choose", "")), {**defaults, "delay": 0})
    text = _recited(messages) if words.get("recite") else _answer(question, words)
    return Plan("chat", question, text, words, _tools(request, words, question))


def _is_choice(messages: list[dict[str, Any]]) -> bool:
    first = messages[0] if messages else {}
    return first.get("role") == "system" and '"tool_calls"' in text_of(first.get("content"))


def _chosen(wanted: str) -> str:
    calls = [
        {"name": call["name"], "parameters": json.loads(call["arguments"])}
        for call in _calls_in(wanted)
    ]
    return json.dumps({"tool_calls": calls})


def _recited(messages: list[dict[str, Any]]) -> str:
    told = [text_of(m.get("content")) for m in messages if m.get("role") == "tool"]
    return " ".join(["RESULTS", *told])


def _tools(request: dict[str, Any], words: dict[str, Any], question: str) -> list[dict[str, str]]:
    messages = request.get("messages") or []
    offered = {tool.get("function", {}).get("name") for tool in request.get("tools") or []}
    if request.get("tool_choice") == "none":
        return []
    rounds = [_calls_in(one) for one in words.get("rounds", "").split("/") if one]
    done = sum(bool(message.get("tool_calls")) for message in messages)
    if rounds:
        calls = rounds[done] if done < len(rounds) else []
        return [call for call in calls if call["name"] in offered]
    if words.get("tool") not in offered or "tool" not in words:
        return []
    if any(message.get("role") == "tool" for message in messages):
        return []
    given = _arguments(words.get("args", "")) or {"query": digest(question)}
    return [{"name": words["tool"], "arguments": json.dumps(given)}]


def _calls_in(text: str) -> list[dict[str, str]]:
    """Read `f(a:1)+g()`."""
    found = re.findall(r"([\w.-]+)\(([^()]*)\)", text)
    return [{"name": name, "arguments": json.dumps(_arguments(args))} for name, args in found]


def _arguments(text: str) -> dict[str, str]:
    return dict(pair.partition(":")[::2] for pair in text.split(",") if pair)
