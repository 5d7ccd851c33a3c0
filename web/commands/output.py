"""How commands say what they have found, and how they fail."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import orjson
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from shared.errors import SwitchyardError

_LONGEST_CELL = 60


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows in columns; "nothing" when there are none."""
    if not rows:
        click.echo("nothing")
        return
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for row in (heads, *cells):
        told = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        click.echo("  ".join(told).rstrip())


def _cell(value: Any) -> str:
    text = " ".join(("-" if value is None or value == "" else str(value)).split())
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


def as_json(value: Any) -> None:
    """Print something for programs."""
    packed = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_DATACLASS)
    click.echo(packed.decode())


def moment(seconds: int | None) -> str:
    """Write a time as people read it, in UTC."""
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


@contextmanager
def clear_failures() -> Iterator[None]:
    """End a command in words and with status 1, where there would be a traceback.

    Raises:
        click.ClickException: What it does has failed.
    """
    try:
        yield
    except SwitchyardError as error:
        raise click.ClickException(error.message) from None
    except RedisError as error:
        raise click.ClickException(f"Redis does not answer: {error}") from None
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
        raise click.ClickException(f"The database refuses: {reason}") from None
