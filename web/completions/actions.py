"""Running the action that a user has chosen below an answer."""

from typing import Any

from shared import db
from shared.kinds.functions import RUN_ACTION, RunAction
from shared.models.function import ACTION
from shared.queue import Subject
from shared.services import models
from shared.services.accounts import Principal
from web.completions.completed import stored_chat
from web.completions.schemas import CompletedForm
from web.errors import Status
from web.stream.waiting import ask

# An action may ask the user several things, each for a minute.
_PATIENCE_S = 600.0


def run(user: Principal, action_id: str, form: CompletedForm) -> Any:
    """Let a worker run an action, and give what it returns.

    Raises:
        NotFound: No such model for this user.
        Forbidden: The chat is another's.
        Status: The model has no such action.
        UpstreamFailed: The action fails; the message is its own.
        Unavailable: It takes too long.
    """
    with db.statements(write=False):
        models.find_visible(user, form.model)
        function_id = action_id.partition(".")[0]
        if not any(card.id == function_id for card in models.functions_on(form.model, ACTION)):
            raise Status(404, "Action not found")
        chat_id = stored_chat(user, form)
    chat = form.model_dump(exclude_unset=True)
    payload = RunAction(action_id=action_id, shown_model=form.model, chat=chat)
    subject = Subject(user.id, chat_id, form.id if chat_id else None)
    return ask(RUN_ACTION, payload, subject, _PATIENCE_S, (form.chat_id, form.id))["answer"]
