"""How one answer uses its tools: found and described, then called as the model wants it.

Source: contract, chat-flow §3 and §9.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self

from shared.services import usage
from shared.services.models import Route
from workers.context.gathering import Gathering
from workers.inference import prompts
from workers.inference.usages import summed
from workers.tools import choosing, finding
from workers.tools.base import Occasion
from workers.tools.box import Toolbox
from workers.tools.calls import Call, Made
from workers.tools.rounds import Data, Rounds

NATIVE = "native"


class ToolUse:
    """The tools of one answer. Made inside a transaction; used as a context.

    Args:
        show: Told the data of each `tool_call` event.
        gathering: What is told besides, and where sources go.
    """

    def __init__(
        self,
        occasion: Occasion,
        route: Route,
        gathering: Gathering,
        show: Callable[[Data], None],
    ) -> None:
        request = occasion.request
        toolsets, self._missing = finding.toolsets_for(occasion.owner, request)
        self._occasion = occasion
        self._box = Toolbox(toolsets, self._occasion)
        self._is_native = request.calls_natively or route.params.get("function_calling") == NATIVE
        self._gathering = gathering
        self._rounds = Rounds(self._run, show)
        self._spent: Data = {}
        self._latest: Data = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._box.close()

    def put_into(self, body: Data) -> Data:
        """Write the first request: with the functions, or with what came of those that were chosen
        for the question; and with what else is read for it.

        Raises:
            Stopped: The job has to end.
        """
        self._box.open()
        for words in [*map(_gone, self._missing), *self._box.problems]:
            self._gathering.tell(description=words, done=True, error=True)
        if self._is_native:
            body = self._gathering.put_into(body, reads_files=not self._box.handles_files)
            return self._rounds.offered(body, self._box.specs())
        made = self._chosen(body)
        reads_files = not any(self._box.toolset_of(one.call.name).handles_files for one in made)
        self._gathering.sources += [self._source(one) for one in made if self._is_cited(one)]
        body = _with_results(body, [one for one in made if not self._is_cited(one)])
        return self._gathering.put_into(body, reads_files=reads_files)

    def _chosen(self, body: Data) -> list[Made]:
        """Let the task model choose functions, and call them."""
        messages, specs = body.get("messages") or [], self._box.specs()
        calls = choosing.choose(self._occasion, specs, messages) if specs else []
        calls = [call for call in calls if call.name in self._box]
        names = ", ".join(call.name for call in calls)
        if calls:
            self._gathering.tell(action="tools", description=f"Calling {names}", done=False)
        made = self._box.run(calls, messages, lambda _made: None)
        if calls:
            self._gathering.tell(action="tools", description=f"Called {names}", done=True)
        return made

    def _run(
        self, calls: Sequence[Call], messages: Sequence[Data], tell: Callable[[Made], None]
    ) -> list[Made]:
        """Make the calls of a round; those that are cited become sources."""
        made = self._box.run(calls, messages, tell)
        self._gathering.cite([self._source(one) for one in made if self._is_cited(one)])
        return made

    def _is_cited(self, made: Made) -> bool:
        is_known = made.call.name in self._box and not made.has_failed
        return is_known and self._box.toolset_of(made.call.name).is_cited

    def _source(self, made: Made) -> Data:
        name = f"TOOL:{self._box.toolset_of(made.call.name).id}/{made.call.name}"
        return {"source": {"name": name}, "document": [made.result], "metadata": [{"source": name}]}

    @property
    def has_begun(self) -> bool:
        """Whether anything of the present round has come."""
        return self._rounds.has_begun

    def take(self, data: Data) -> Data | None:
        """Take a delta; give what of it is for the reader now."""
        return self._rounds.take(data)

    def total(self, told: Data) -> Data:
        """Add what the earlier rounds have cost to the usage of the present one."""
        self._latest = told
        return summed(self._spent, told)

    def next_request(self, body: Data) -> Data | None:
        """Make the calls that were asked for, and write the request of the next round; None when
        the answer is done but for `rest`.

        Raises:
            Stopped: The job has to end.
        """
        told, self._latest = self._latest, {}
        self._spent = summed(self._spent, told)
        following = self._rounds.next_request(body)
        if following is not None and not told:
            self._guess_cost(body, following)
        return following

    def _guess_cost(self, body: Data, following: Data) -> None:
        """Count a round whose provider tells no usage: its text is counted with the answer's."""
        asked = following["messages"][len(body.get("messages") or ())].get("tool_calls") or []
        said = "".join(call["function"]["arguments"] for call in asked)
        self._occasion.job.beside += usage.tokens_of(body, {"text": said})

    def known(self) -> dict[str, Data]:
        """Say what there is, for functions that call tools themselves."""
        return self._box.known()

    def use(self, name: str, arguments: Data) -> Any:
        """Call a tool for a function; errors as those of a toolset."""
        return self._box.use(name, arguments)

    def rest(self) -> list[Data]:
        """Give what was held back of the last round."""
        return self._rounds.rest()


def _gone(tool_id: str) -> str:
    return f"The tool '{tool_id}' is not there any more"


def _with_results(body: Data, made: list[Made]) -> Data:
    """Append results to the user's last message."""
    words = "".join(f"\nTool `{one.call.name}` Output: {one.result}" for one in made)
    messages = list(body.get("messages") or [])
    places = [n for n, message in enumerate(messages) if message.get("role") == "user"]
    if not words or not places:
        return body
    messages[places[-1]] = prompts.with_text_behind(messages[places[-1]], words)
    return {**body, "messages": messages}
