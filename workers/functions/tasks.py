"""The job that runs an action."""

from typing import Any

from shared import db
from shared.errors import Invalid, NotFound
from shared.kinds.functions import RUN_ACTION, RunAction
from shared.models.function import ACTION, Function
from shared.models.job import COMPLETED
from shared.services import message_edits, models
from shared.services.accounts import Principal
from workers import plugins
from workers.base import task
from workers.filters.base import as_user
from workers.functions.calling import in_words, page_in
from workers.inference.chat import check_chat, owner_of
from workers.inference.telling import Teller
from workers.live import Running
from workers.plugins import PluginFailed
from workers.plugins.listening import TurnListener
from workers.providers.line import Cut


class _Written:
    """What an action writes into the message.

    Attributes:
        whole: Another text for it, if it is to have one.
        more: What comes behind.
    """

    def __init__(self) -> None:
        self.whole: str | None = None
        self.more = ""

    def add_text(self, piece: str) -> None:
        """Append."""
        self.more += piece

    def replace(self, text: str) -> None:
        """Begin anew."""
        self.whole, self.more = text, ""


@task(RUN_ACTION)
class Action:
    """Runs an action, and lets its page hear and answer it."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, RunAction)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload
        self._written, self._result = _Written(), None
        self._teller = Teller(job, self._written)
        self._function_id, _, self._sub_id = self._ask.action_id.partition(".")
        with db.reading():
            owner = owner_of(job)
            check_chat(job, owner)
            row = _row(owner, self._ask)
            self._plugin = plugins.of_row(row, owner.id)
        self._extras = {
            "__user__": as_user(owner),
            "__model__": models.shown_to_functions(self._ask.shown_model),
            "__id__": self._sub_id or self._function_id,
        }

    def do(self) -> None:
        """Run it.

        Raises:
            Invalid: It has failed; with its words.
        """
        chat, cut = self._ask.chat, Cut()
        listener = TurnListener(self._job, self._teller, page_in(self._job, chat))
        try:
            with self._job.abortable(cut.set):
                self._result = self._plugin.call(
                    "action", {"body": chat}, self._extras, listener, cut
                )
        except PluginFailed as error:
            raise Invalid(in_words(error)) from error

    def save(self, status: str, _error: str | None) -> dict[str, Any]:
        """Store what it has told of the message, and give what it returned."""
        claim = self._job.claim
        if claim.chat_id and claim.message_id:
            place, written = (claim.chat_id, claim.message_id), self._written
            message_edits.amend(place, written.whole, written.more, self._teller.fields())
        return {"answer": self._result} if status == COMPLETED else {}


def _row(owner: Principal, ask: RunAction) -> Function:
    """Load the function, if it is an action of the model.

    Raises:
        NotFound: It is none.
    """
    models.find_visible(owner, ask.shown_model)
    function_id = ask.action_id.partition(".")[0]
    is_offered = any(c.id == function_id for c in models.functions_on(ask.shown_model, ACTION))
    row = db.session().get(Function, function_id)
    if row is None or not row.is_active or not is_offered:
        raise NotFound("Action not found")
    return row
