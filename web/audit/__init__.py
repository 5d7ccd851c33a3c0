"""The audit log: who signed in, and who changed or deleted what; ids only, never a secret."""

import logging

from flask import g, request

from shared import db
from shared.services.accounts import ADMIN, Principal
from web import auth
from web.audit import file

log = logging.getLogger(__name__)

# Who gives commands on the machine itself may do what admins may.
OPERATOR = Principal("operator", "operator", "", ADMIN, "")
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
# What is run on this server, or with others' rights, is worth a line whoever changes it.
_WEIGHTY = ("functions", "tools")


def note(what: str, *details: object) -> None:
    """Log what whoever asks has done, once the surrounding transaction is durable."""
    g.is_noted = True
    note_of(auth.current_user(), what, *details)


def note_of(who: Principal, what: str, *details: object) -> None:
    """Log what somebody has done who is known otherwise than by the request, as at a socket."""
    address, words = request.remote_addr, what % details
    db.once_durable(lambda: _write(f"user {who.id}", address, words))


def note_entry(user_id: str, how: str) -> None:
    """Log a good sign-in, once the surrounding transaction is durable."""
    address = request.remote_addr
    db.once_durable(lambda: _write(f"user {user_id}", address, f"signed in by {how}"))


def note_refusal(how: str) -> None:
    """Log that somebody was not let in; who it claimed to be is not ours to keep."""
    _write("nobody", request.remote_addr, f"signed in by {how}: refused")


def note_command(what: str, *details: object) -> None:
    """Log what somebody did by a command on the machine itself."""
    log.info("the command line %s", what % details)
    file.event("the command line", None, what % details)


def note_the_rest(is_for_admins: bool, status: int) -> None:
    """Log a request that has changed something and was not noted in better words: what was deleted,
    whoever did it, and all that only admins may do.

    Args:
        is_for_admins: Whether only they may ask for this.
        status: Of the answer.
    """
    if request.method not in _CHANGING or status >= 400 or g.get("is_noted"):
        return
    who: Principal | None = g.get("principal")
    is_weighty = is_for_admins or request.blueprint in _WEIGHTY or request.method == "DELETE"
    if who is not None and is_weighty:
        id_of = f"?id={request.args['id']}" if "id" in request.args else ""
        words = f"did {request.method} {request.path}{id_of}"
        _write(f"user {who.id}", request.remote_addr, words)


def _write(who: str, address: str | None, words: str) -> None:
    log.info("%s from %s %s", who, address, words)
    file.event(who, address, words)
