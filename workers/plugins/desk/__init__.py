"""The desk: what this server does for a plugin when it asks, always for the user of its call.

A plugin is as little trusted here as a client: whatever it names is checked as in a request of the
user. See docs/plugins.md, "What a plugin may ask the server for".
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from shared import db
from shared.errors import Forbidden
from shared.services import accounts
from workers.plugins.base import PluginFailed, Tell, Values
from workers.providers.line import Cut

Service = Callable[[accounts.Principal, Values, Tell, Cut], Any]

# By what is asked for; imported on first use.
_SERVICES = {
    "complete": "workers.plugins.desk.completing.complete",
    "paint": "workers.plugins.desk.painting.paint",
    **{
        what: f"workers.plugins.desk.looking_up.{what}"
        for what in ("models", "model", "chats", "chat", "files", "file")
    },
    "read_file": "workers.plugins.desk.storing.read_file",
    "keep_file": "workers.plugins.desk.storing.keep_file",
    **{
        what: f"workers.plugins.desk.remembering.{what}"
        for what in ("memories", "remember", "recall", "forget")
    },
}


def serve(user_id: str, what: str, given: Values, tell: Tell, cut: Cut) -> Any:
    """Do what is asked for.

    Raises:
        PluginFailed: There is nothing of this name.
        Forbidden: The account is gone.
        SwitchyardError: It cannot be done; in words for the plugin.
    """
    path = _SERVICES.get(what)
    if path is None:
        raise PluginFailed(f"This server does not know what {what[:50]!r} is.")
    with db.reading():
        user = accounts.principal_of(user_id)
    if user is None:
        raise Forbidden("The account for which the plugin works is gone.")
    module, _, name = path.rpartition(".")
    service: Service = getattr(import_module(module), name)
    return service(user, given, tell, cut)
