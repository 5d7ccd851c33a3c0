"""The code interpreter: a model writes code into its answer, sees what it says, and goes on.

Source: contract, chat-flow §7 and §9.
"""

import re
from typing import Any

from shared.config.options import option
from shared.errors import SwitchyardError
from shared.ids import new_id
from shared.kinds.inference import RunChat
from shared.services import thoughts, usage
from shared.services.accounts import Principal
from shared.services.code import JUPYTER
from workers import page_calls
from workers.code import jupyter
from workers.code.pictures import Pictures
from workers.code.tags import Tags, language_in
from workers.inference import prompts
from workers.inference.usages import summed
from workers.live import Running, Stopped

_MOST_ROUNDS = 5
_MOST_CHARACTERS = 20_000
# Of what code says, with its pictures and without them.
_LONGEST, _LONGEST_SHOWN = 64 * 1024 * 1024, 1_000_000
PROMPT = """### Tool: code interpreter
You can run Python. Write the code between these tags, and nothing else in them:
<code_interpreter type="code" lang="python">
print(6 * 7)
</code_interpreter>
- Use it to calculate, to work on data and to draw; not for what you know.
- Stop after the closing tag: the code is run, its output is given to you, then you go on.
- Print what you want to see. A plot that is shown becomes a picture, whose Markdown link stands in
  the output: repeat the link in the answer.
- Every piece of code begins anew, without the variables of the one before.
- Say what the output means, in the language of the user."""
_OUTPUT = """The code above was run. What it has said:
{output}

Go on with the answer; do not repeat what stands there already."""
_TAGGED = '<code_interpreter type="code" lang="{lang}">\n{code}\n</code_interpreter>'
_NOTHING = "(nothing)"
_FENCE = re.compile(r"\A\s*```[\w+-]*\n(.*?)\n?```\s*\Z", re.DOTALL)

Data = dict[str, Any]
# An event that changes the answer: its type, its data.
Change = tuple[str, Data]


class Interpreter:
    """The code of one answer.

    Attributes:
        is_due: Whether a piece of code is whole and waits to be run: the model is to say no more.
        has_begun: Whether the model has said anything in this round.
    """

    def __init__(self, job: Running, owner: Principal, request: RunChat) -> None:
        self._job, self._owner, self._request = job, owner, request
        self._pictures = Pictures(owner)
        self._tags = Tags()
        self._code: Data = {}
        self._said = ""
        self._rounds = 0
        self._spent: Data = {}
        self._latest: Data = {}
        self._is_told = self.is_due = self.has_begun = False

    def put_into(self, body: Data) -> Data:
        """Tell the model, once, that it can run code."""
        if self._is_told:
            return body
        self._is_told = True
        text = option("CODE_INTERPRETER_PROMPT_TEMPLATE") or PROMPT
        return {**body, "messages": prompts.with_system(body.get("messages") or [], text)}

    def take(self, data: Data) -> list[Change]:
        """Take a delta of the model; give what of it is to be shown."""
        if self.is_due:
            return []
        self.has_begun = True
        if "finish_reason" in data:
            return self._finish(data)
        if data.get("index") or "text" not in data:
            return [("delta", data)]
        rest = {name: value for name, value in data.items() if name != "text"}
        changes: list[Change] = [("delta", rest)] if rest else []
        for kind, piece in self._tags.feed(data["text"]):
            changes += self._change(kind, piece)
            if self.is_due:
                break
        return changes

    def _finish(self, data: Data) -> list[Change]:
        """Take the end of what the model says; code whose closing tag is missing is whole by it."""
        if self._tags.is_inside:
            self._close()
            return []
        return [*self._texts(self._tags.flush()), ("delta", data)]

    def _close(self) -> None:
        self._code["code"] += self._tags.flush()
        self.is_due, self._tags.is_inside = True, False

    def _change(self, kind: str, piece: str) -> list[Change]:
        if kind == "text" or (kind == "open" and not self._may_begin()):
            return self._texts(piece)
        if kind == "open":
            self._code = {"id": new_id(), "lang": language_in(piece), "code": ""}
            return [("code", {**self._code, "done": False})]
        if kind == "code":
            self._code["code"] += piece
            return [("code", {"id": self._code["id"], "piece": piece})]
        self.is_due = True
        self._tags.flush()
        return []

    def _may_begin(self) -> bool:
        """Whether a tag counts: not in the middle of reasoning, nor when enough code was run."""
        if self._rounds < _MOST_ROUNDS and not _is_thinking(self._said):
            return True
        self._tags.is_inside = False
        return False

    def _texts(self, text: str) -> list[Change]:
        self._said += text
        return [("delta", {"text": text})] if text else []

    def rest(self) -> list[Change]:
        """Give what was held back, when the model has ended without saying so."""
        return [] if self.is_due else self._texts(self._tags.flush())

    def total(self, told: Data) -> Data:
        """Add what the earlier rounds have told of their cost to the usage of the present one."""
        self._latest = told
        return summed(self._spent, told)

    def next_request(self, body: Data) -> tuple[Data, Change] | None:
        """Run the code that is due.

        Returns:
            The request with which the model is asked to go on, and what is to be shown; None when
            it has written no code.

        Raises:
            Stopped: The job has to end.
        """
        told, self._latest = self._latest, {}
        self._spent = summed(self._spent, told)
        if self._tags.is_inside:
            self._close()
        if not self.is_due:
            self._spent = {}  # whoever asks again, for a tool, has noted it
            return None
        if not told:
            self._guess_cost(body)
        code, self._rounds = _bare(self._code["code"]), self._rounds + 1
        output = self._output_of(code)
        tagged = _TAGGED.format(lang=self._code["lang"], code=code)
        messages = [
            *(body.get("messages") or []),
            {"role": "assistant", "content": f"{self._said}{tagged}"},
            {"role": "user", "content": _OUTPUT.format(output=_as_text(output))},
        ]
        shown = {"id": self._code["id"], "code": code, "done": True, "output": output}
        self._said, self.is_due, self.has_begun = "", False, False
        return {**body, "messages": messages}, ("code", shown)

    def _guess_cost(self, body: Data) -> None:
        """Count a round that was ended at its code, before the provider told what it has cost."""
        said = {"text": f"{self._said}{self._code['code']}"}
        self._job.beside += usage.tokens_of(body, said)

    def _output_of(self, code: str) -> dict[str, str]:
        """Run a piece of code; that it could not be run is for the model to know."""
        try:
            said = self._run(code)
        except Stopped:
            raise
        except SwitchyardError as error:
            said = {"stderr": f"The code could not be run: {error.message}"}
        texts = {name: _text(said.get(name)) for name in ("stdout", "stderr", "result")}
        pictured = {name: self._pictures.kept_in(texts[name]) for name in ("stdout", "result")}
        return {name: text[:_LONGEST_SHOWN] for name, text in {**texts, **pictured}.items()}

    def _run(self, code: str) -> dict[str, Any]:
        if option("CODE_INTERPRETER_ENGINE") == JUPYTER:
            server = jupyter.configured("CODE_INTERPRETER")
            return dict(jupyter.run(server, code, self._job.check))
        page = page_calls.page_of(self._request, self._owner.id)
        if page is None:
            raise page_calls.PageGone
        asked = {"id": new_id(), "code": code, "session_id": page.session_id}
        said = page_calls.ask(self._job, page, "execute:python", asked)
        return said if isinstance(said, dict) else {"result": said}


def _is_thinking(text: str) -> bool:
    """Whether a text breaks off in the middle of reasoning between tags."""
    if not thoughts.may_begin_in(text):
        return False
    last = thoughts.parts(text)[-1:]
    return bool(last) and last[0].is_thought and last[0].end is None


def _bare(code: str) -> str:
    """Take off the fence that some models put around code."""
    fenced = _FENCE.match(code)
    return (fenced[1] if fenced else code).strip("\n")


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:_LONGEST]


def _as_text(output: dict[str, str]) -> str:
    """Write an output for the model."""
    parts = [
        f"{name}:\n```\n{text[:_MOST_CHARACTERS]}\n```" for name, text in output.items() if text
    ]
    return "\n".join(parts) or _NOTHING
