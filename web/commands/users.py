"""`flask --app wsgi users …`: accounts, for operators who cannot sign in."""

import sys

import click

from shared import db
from shared.errors import NotFound
from shared.models.user import User
from shared.services import accounts
from shared.services import users as all_users
from shared.services.passwords import hash_password
from shared.services.users import Search
from web import audit
from web.commands.output import as_json, clear_failures, moment, table

_ROLE = click.Choice(accounts.ROLES)
_HEADS = ("id", "email", "name", "role", "last seen (UTC)")
_STDIN = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


@click.group()
def users() -> None:
    """Look at accounts, open them, change roles and passwords."""


def find(who: str) -> User:
    """Find an account by its id or email address.

    Raises:
        NotFound: There is none.
    """
    user = accounts.by_id(who) or accounts.by_email(who)
    if user is None:
        raise NotFound(f"There is no user '{who}'.")
    return user


@users.command("list")
@click.argument("words", default="")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def list_users(words: str, limit: int, is_json: bool) -> None:
    """List accounts, newest first; only those whose name or address has WORDS in it."""
    with clear_failures(), db.reading():
        found = all_users.listed(Search(words), limit=limit)
    rows = [(u.id, u.email, u.name, u.role, moment(u.last_active_at)) for u in found]
    if is_json:
        as_json([dict(zip(("id", "email", "name", "role"), row[:4], strict=True)) for row in rows])
    else:
        table(_HEADS, rows)


@users.command("add")
@click.argument("email")
@click.option("--name", help="How the user is shown; else the address's first part.")
@click.option("--role", type=_ROLE, default=accounts.USER, show_default=True)
@_STDIN
def add_user(email: str, name: str | None, role: str, password_stdin: bool) -> None:
    """Open an account; asks for the password."""
    with clear_failures():
        password = hash_password(_password(password_stdin))
        with db.transaction():
            user = accounts.add(name or email.partition("@")[0], email, password, role)
        audit.note_command("added user %s with the role %s", user.id, role)
    click.echo(f"{user.id}  {user.email}  {role}")


@users.command("role")
@click.argument("who", metavar="USER")
@click.argument("role", type=_ROLE)
def set_role(who: str, role: str) -> None:
    """Give USER (id or email address) another role, from the next moment on."""
    with clear_failures(), db.transaction():
        user = find(who)
        accounts.set_role(user.id, role)
        audit.note_command("gave user %s the role %s", user.id, role)
    click.echo(f"{user.email} is now {role}")


@users.command("password")
@click.argument("who", metavar="USER")
@_STDIN
def set_password(who: str, password_stdin: bool) -> None:
    """Give USER (id or email address) another password; all sign-ins of the user end."""
    with clear_failures():
        with db.reading():
            user = find(who)
        password = hash_password(_password(password_stdin))
        with db.transaction():
            accounts.set_password(user.id, password, None)
        audit.note_command("changed the password of user %s", user.id)
    click.echo(f"the password of {user.email} was changed")


def _password(is_from_stdin: bool) -> str:
    if is_from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
