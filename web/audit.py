"""The audit log: who signed in, and what admins did to accounts; ids only, never a secret."""

import logging

from flask import request

from shared import db
from shared.services.accounts import ADMIN, Principal
from web import auth

log = logging.getLogger(__name__)

# Who gives commands on the machine itself may do what admins may.
OPERATOR = Principal("operator", "operator", "", ADMIN, "")


def note(what: str, *details: object) -> None:
    """Log what whoever asks has done, once the surrounding transaction is durable."""
    who, address = auth.current_user().id, request.remote_addr
    db.after_commit(lambda: log.info("user %s from %s %s", who, address, what % details))


def note_entry(user_id: str, how: str) -> None:
    """Log a good sign-in, once the surrounding transaction is durable."""
    address = request.remote_addr
    db.after_commit(lambda: log.info("user %s from %s signed in by %s", user_id, address, how))


def note_refusal(how: str) -> None:
    """Log that somebody was not let in; who it claimed to be is not ours to keep."""
    log.info("nobody from %s signed in by %s: refused", request.remote_addr, how)


def note_command(what: str, *details: object) -> None:
    """Log what somebody did by a command on the machine itself."""
    log.info("the command line %s", what % details)
