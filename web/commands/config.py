"""`flask --app wsgi config …`: options, one by one or as a whole tree."""

from typing import IO, Any

import click
import orjson

from shared.config.options import OPTIONS, get_options
from shared.errors import Invalid, NotFound
from shared.services import configuration, models
from shared.services.configuration import Unusable
from web import audit
from web.commands.output import as_json, clear_failures, table


@click.group()
def config() -> None:
    """Read, save, export and import options (docs/configuration.md)."""


@config.command("get")
@click.argument("name", required=False)
def get_option(name: str | None) -> None:
    """Print the value of an option that counts now as JSON; without NAME list those that were
    saved. Secrets are masked.
    """
    with clear_failures():
        if name is not None:
            as_json(configuration.shown(_known(name)))
            return
        saved = sorted(get_options().saved())
        rows = [(one, orjson.dumps(configuration.shown(one)).decode()) for one in saved]
    table(("name", "saved value"), rows)


@config.command("set")
@click.argument("name")
@click.argument("value")
def set_option(name: str, value: str) -> None:
    """Save an option for all processes; VALUE is written as in the environment."""
    with clear_failures():
        _save({_known(name): _parsed(name, value)})
        audit.note_command("saved the option %s", name)
        as_json(configuration.shown(name))


@config.command("unset")
@click.argument("name")
def unset_option(name: str) -> None:
    """Forget a saved value: the environment or the default counts again."""
    with clear_failures():
        get_options().reset([_known(name)])
        models.outdate_offer()
        audit.note_command("forgot the saved option %s", name)
        as_json(configuration.shown(name))


@config.command("export")
def export_tree() -> None:
    """Print all saved options as a tree, secrets masked, for `config import`."""
    with clear_failures():
        as_json(configuration.tree())


@config.command("import")
@click.argument("file", type=click.File("rb"))
def import_tree(file: IO[bytes]) -> None:
    """Save the options of an exported tree, also one of Open WebUI; `-` is standard input. All of
    them or none; what it does not name stays.
    """
    with clear_failures():
        try:
            tree = orjson.loads(file.read())
        except orjson.JSONDecodeError as error:
            raise Invalid(f"This is no JSON: {error}") from None
        if not isinstance(tree, dict):
            raise Invalid("A tree of options is a JSON object.")
        _usable(lambda: configuration.save_tree(tree))
        models.outdate_offer()
        audit.note_command("imported options")
    click.echo("imported")


def _known(name: str) -> str:
    if name not in OPTIONS:
        near = [one for one in OPTIONS if name.upper() in one]
        also = f" Similar: {', '.join(near[:8])}." if near else ""
        raise NotFound(f"There is no option {name}.{also}")
    return name


def _parsed(name: str, value: str) -> Any:
    try:
        return OPTIONS[name].parsed(value)
    except ValueError as error:
        raise Invalid(f"{name} cannot be saved: {error}.") from None


def _save(values: dict[str, Any]) -> None:
    _usable(lambda: configuration.save(values))
    models.outdate_offer()


def _usable(save: Any) -> None:
    try:
        save()
    except Unusable as error:
        words = "\n".join(f"{name} cannot be saved: {why}." for name, why in error.problems.items())
        raise Invalid(words) from None
