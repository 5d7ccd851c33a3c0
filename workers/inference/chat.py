"""One chat answer: from a claimed job to the provider's stream and back into the message."""

import logging
from typing import TYPE_CHECKING, Any

from shared import db
from shared.config.settings import get_settings
from shared.errors import Forbidden, NotFound
from shared.kinds.inference import RunChat
from shared.models.job import COMPLETED
from shared.services import access, accounts, chats, code, message_edits, messages, models
from shared.services.answers import Answer
from shared.services.pipes import PIPE
from workers import spending
from workers.context.gathering import Gathering
from workers.filters.chain import Circumstances, Filters
from workers.inference import afterwards, preset
from workers.inference.aim import answering, route_of
from workers.inference.pace import Pace
from workers.inference.telling import Teller
from workers.live import Running
from workers.pipes.turn import Turn, asked_in
from workers.providers.base import Event
from workers.providers.behalf import asking_for
from workers.providers.errors import Unavailable
from workers.providers.line import Cut
from workers.providers.sse import events_of

if TYPE_CHECKING:
    from workers.code.interpreter import Interpreter
    from workers.plugins.listening import TurnListener
    from workers.tools.using import ToolUse

log = logging.getLogger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 20.0


class ChatTurn:
    """Answers one chat completion."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, RunChat)  # noqa: S101 -- for the type checker: the kind decides
        self._job = job
        self._request = job.payload
        self._answer = Answer()
        self._pace = Pace()
        self._usage: dict[str, Any] | None = None
        self._completion: dict[str, Any] | None = None
        self._teller = Teller(job, self._answer)
        with db.statements(write=False):
            owner = self._owner = owner_of(job)
            route = route_of(owner, self._request)
            check_chat(job, owner)
            circumstances = Circumstances(self._listener, self._request.filter_ids)
            self._filters = Filters(job, owner, route, circumstances)
        self._filtered: tuple[str, dict[str, Any]] | None = None
        self._tools: ToolUse | None = None
        self._code = self._interpreter()
        self._aim(route)

    def _listener(self) -> "TurnListener":
        from workers.functions.calling import listener_of  # noqa: PLC0415 -- most call no functions

        return listener_of(self._job, self._request, self._teller)

    def _interpreter(self) -> "Interpreter | None":
        if not self._request.features.get("code_interpreter") or not code.may_interpret(
            self._owner
        ):
            return None
        from workers.code.interpreter import Interpreter  # noqa: PLC0415 -- most answers run no code

        return Interpreter(self._job, self._owner, self._request)

    def _aim(self, route: models.Route) -> None:
        """Make ready what is asked of a model."""
        owner, request = self._owner, self._request
        self._route = route
        self._provider = answering(self._job, route, request)
        words, named = request.variables, request.skill_ids
        self._body = preset.applied(request.body, route, owner, words, named)
        self._gathering = Gathering(self._job, request, owner, route)

    def do(self) -> None:
        """Read what the answer needs, then relay the provider's answer; when that asks for calls of
        tools its next one too.
        """
        if self._request.arena is not None:
            self._job.writer.emit("selected", {"selected_model_id": self._request.model})
        if self._filters:
            self._let_filters_in()
        if self._request.names_tools:
            self._answer_with_tools()
        else:
            self._body = self._gathering.put_into(self._body)
            self._ask_and_run()
        self._pace.end(self._job.claim, self._usage)
        if self._usage is not None:
            self._job.writer.emit_with_next("usage", self._usage)
        if self._filters and self._job.claim.chat_id and self._job.claim.message_id:
            content, fields = self._answer.content(), self._fields(None)
            self._filtered = self._filters.finish(self._request, content, fields)

    def _answer_with_tools(self) -> None:
        from workers.tools.base import Occasion  # noqa: PLC0415 -- most answers have no tools
        from workers.tools.using import ToolUse  # noqa: PLC0415 -- the same

        with db.reading():
            occasion = Occasion(self._job, self._owner, self._request, self._listener())
            made = ToolUse(occasion, self._route, self._gathering, self._show_call)
        with made as self._tools:
            self._body = made.put_into(self._body)
            self._ask_and_run()
            while (following := made.next_request(self._body)) is not None:
                self._body = following
                self._divide()
                self._ask_and_run()
            self._pass_on(*made.rest())

    def _show_call(self, data: dict[str, Any]) -> None:
        self._answer.add_call(data)
        self._job.writer.emit("tool_call", data)

    def _divide(self) -> None:
        """Let the text of the next round begin on a line of its own."""
        if self._answer.text:
            self._show({"text": "\n\n"})

    def _ask_and_run(self) -> None:
        """Relay an answer; as long as there is code in it, run that and let the model go on."""
        interpreter = self._code
        if interpreter is None:
            self._ask_patiently()
            return
        self._body = interpreter.put_into(self._body)
        self._ask_patiently()
        while (following := interpreter.next_request(self._body)) is not None:
            self._body, shown = following
            self._change(shown)
            self._divide()
            self._ask_patiently()
        for change in interpreter.rest():
            self._change(change)

    def _change(self, change: tuple[str, dict[str, Any]]) -> None:
        """Note and tell what changes the answer."""
        kind, data = change
        if kind == "delta":
            self._show(data)
        else:
            self._answer.take(kind, data)
            self._job.writer.emit(kind, data)

    def _ask_patiently(self) -> None:
        """Relay one answer; before its first piece a failure that may pass is tried again, unless
        the provider asks for a longer pause than somebody would wait for.
        """
        for tries_left in range(get_settings().upstream_tries - 1, -1, -1):
            try:
                self._relay()
                break
            except Unavailable as error:
                asks_for_too_long = (error.retry_after_s or 0) > _LONGEST_PAUSE_S
                if not tries_left or self._has_begun() or asks_for_too_long:
                    raise
                self._wait_for(error, get_settings().upstream_tries - 1 - tries_left)

    def _has_begun(self) -> bool:
        if self._tools is not None:
            return self._tools.has_begun
        return self._code.has_begun if self._code is not None else not self._answer.is_empty

    def _let_filters_in(self) -> None:
        """Let filters change the request; it goes to another model if one of them says so.

        Raises:
            FilterFailed: One of them does not let it pass.
            NotFound: There is no such model for the owner.
        """
        self._request = self._filters.inlet(self._request)
        with db.statements(write=False):
            route = route_of(self._owner, self._request)
        self._aim(route)

    def _wait_for(self, error: Unavailable, tries: int) -> None:
        pause = error.retry_after_s or min(_FIRST_PAUSE_S * 2**tries, _LONGEST_PAUSE_S)
        log.info("trying the provider again in %.1f s: %s", pause, error)
        self._job.writer.emit(
            "status", {"description": error.message, "retry_in_s": pause, "done": False}
        )
        self._job.pause(pause)

    def _relay(self) -> None:
        now = Turn(self._job, self._owner, self._request, self._teller, self._tools)
        with asking_for(self._owner), asked_in(now):
            if self._route.connection.kind != PIPE:
                self._ask()
                return
            with spending.not_twice(self._job):
                self._ask()

    def _ask(self) -> None:
        if not self._request.is_stream:
            self._complete()
            return
        stream = self._provider.stream(self._body)
        with self._job.abortable(stream.abort):
            try:
                for events in stream.batches():
                    self._take(self._filters.stream(events))
                    if self._code is not None and self._code.is_due:
                        break
                    if self._body and self._asks_once and not self._answer.is_empty:
                        self._let_go_of_the_question()
            finally:
                stream.close()

    @property
    def _asks_once(self) -> bool:
        return self._tools is None and self._code is None

    def _let_go_of_the_question(self) -> None:
        """Keep no long chat in memory while its answer is written: it is not asked again."""
        self._body = {}
        self._request.body.clear()
        self._job.let_go_of_body()

    def _complete(self) -> None:
        cut = Cut()
        with self._job.abortable(cut.set):
            self._completion = self._provider.complete(self._body, cut)
        self._take(events_of(self._completion))

    def _take(self, events: list[Event]) -> None:
        """Note and pass on what one read has brought."""
        if self._pace.began_at is None:
            self._pace.begin(self._job.claim)
        for kind, data in events:
            if kind == "delta":
                shown = data if self._tools is None else self._tools.take(data)
                if shown is not None:
                    self._pass_on(shown)
            elif kind == "usage":
                # Some tell it with every piece; the last one counts.
                self._usage = self._total(data)

    def _total(self, usage: dict[str, Any]) -> dict[str, Any]:
        """Add what earlier rounds have cost."""
        for rounds in (self._code, self._tools):
            usage = usage if rounds is None else rounds.total(usage)
        return usage

    def _pass_on(self, *deltas: dict[str, Any]) -> None:
        for data in deltas:
            if self._code is None:
                self._show(data)
            else:
                for change in self._code.take(data):
                    self._change(change)

    def _show(self, data: dict[str, Any]) -> None:
        if len(data) == 1 and "text" in data:
            text = data["text"]
            self._answer.add_text(text)
            self._job.writer.text(text)
        else:
            self._answer.add(data)
            self._emit(data)

    def _emit(self, data: dict[str, Any]) -> None:
        if len(data) == 1 and "finish_reason" in data:
            self._job.writer.emit_with_next("delta", data)  # the ending follows
        else:
            self._job.writer.emit("delta", _text_last(data))

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        """Store the answer, whole or in part, with its chat; order what follows a first answer."""
        is_stored = self._store(error)
        if is_stored and status == COMPLETED:
            afterwards.order(self._job.claim, self._request)
        return self._result()

    def _store(self, error: str | None) -> bool:
        """Write the answer into its message, if it has one that is still there."""
        claim = self._job.claim
        if not claim.chat_id or not claim.message_id:
            return False
        content, fields = self._answer.content(), self._fields(error)
        is_whole = self._filtered is not None
        text, others = self._filtered or (content, {})
        place = claim.chat_id, claim.message_id, claim.id
        fields |= others
        if not messages.finish_answer(*place, text, fields, is_whole=is_whole):
            return False
        others_changed = (m for m in self._filters.changed or () if m["id"] != claim.message_id)
        message_edits.keep_filtered(claim.chat_id, others_changed)
        return True

    def _fields(self, error: str | None) -> dict[str, Any]:
        fields: dict[str, Any] = self._teller.fields(self._gathering.fields())
        if self._request.arena is not None:
            fields["selectedModelId"] = self._request.model
        if error is not None:
            fields["error"] = {"content": error}
        if self._usage is not None:
            fields["usage"] = self._usage
        return fields

    def _result(self) -> dict[str, Any]:
        result: dict[str, Any] = {"text": self._answer.text}
        if self._filters.changed is not None:
            result["outlet"] = self._filters.changed
        if self._completion is not None:
            completion = {**self._whole(self._completion), **self._beside()}
            return {**result, "completion": completion, "usage": self._usage}
        if self._answer.finish_reason is not None:
            result["finish_reason"] = self._answer.finish_reason
        if not self._answer.is_plain:
            result["message"] = self._answer.as_message()
        if self._answer.calls:
            result["calls"] = self._answer.calls
        if self._usage is not None:
            result["usage"] = self._usage
        return result

    def _whole(self, completion: dict[str, Any]) -> dict[str, Any]:
        """Put the text of all rounds into the last one's completion."""
        if self._code is None or not completion["choices"]:
            return completion
        first, *others = completion["choices"]
        message = {**(first.get("message") or {}), "content": self._answer.readable}
        return {**completion, "choices": [{**first, "message": message}, *others]}

    def _beside(self) -> dict[str, Any]:
        """Give what we ourselves add to a whole completion."""
        beside: dict[str, Any] = {}
        if self._gathering.sources:
            beside["sources"] = self._gathering.sources
        if self._request.arena is not None:
            beside["selected_model_id"] = self._request.model
        return beside


def _text_last(data: dict[str, Any]) -> dict[str, Any]:
    """Order the data of a delta so that only one with nothing but text begins with `text`."""
    return (
        {**{name: data[name] for name in data if name != "text"}, "text": data["text"]}
        if "text" in data
        else data
    )


def owner_of(job: Running) -> accounts.Principal:
    """Find out for whom a job runs, as that account is now.

    Raises:
        Forbidden: It is gone.
    """
    user = accounts.principal_of(job.claim.user_id or "")
    if user is None:
        raise Forbidden("The account that asked for this is gone.")
    return user


def check_chat(job: Running, owner: accounts.Principal) -> None:
    """Look the chat's rights up again: they may have changed since the job was accepted.

    Raises:
        NotFound: The chat is gone.
        Forbidden: The owner may not write into it any more.
    """
    if job.claim.chat_id:
        try:
            chat = chats.find(job.claim.chat_id)
        except NotFound:
            raise NotFound("The chat was deleted.") from None
        access.require(owner, "write", chat)
