"""The web search of the engine that the options name."""

from collections.abc import Sequence
from importlib import import_module
from typing import cast
from urllib.parse import urlsplit

from shared.config.options import option
from shared.config.options.web_search import SEARCH_ENGINES
from shared.errors import Invalid, Unavailable
from workers.search.base import Engine, Result

# Each is a module of this package.
ENGINES = SEARCH_ENGINES


def search(query: str) -> list[Result]:
    """Search the web: as many pages as the options say, each once, of domains that they allow.

    Raises:
        Invalid: No engine is chosen, or it does not take the question.
        Forbidden: It does not accept the key.
        Unavailable: It does not answer.
    """
    name = option("WEB_SEARCH_ENGINE")
    if name not in ENGINES:
        raise Invalid("No search engine is configured.")
    engine = cast(Engine, import_module(f"workers.search.{name}"))
    count = option("WEB_SEARCH_RESULT_COUNT")
    allowed = [domain.strip().lower() for domain in option("WEB_SEARCH_DOMAIN_FILTER_LIST")]
    found = {one.url: one for one in _asked(engine, query, count) if _is_of(one.url, allowed)}
    return list(found.values())[:count]


def _asked(engine: Engine, query: str, count: int) -> Sequence[Result]:
    """Ask an engine, and take whatever it puts in the place of results for what it is."""
    try:
        return engine.search(query, count)
    except (AttributeError, LookupError, TypeError, ValueError):
        raise Unavailable("The search engine answered in an unknown form.") from None


def _is_of(url: str, domains: list[str]) -> bool:
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False  # it is no address
    wanted = [domain for domain in domains if domain]
    return not wanted or any(host == one or host.endswith(f".{one}") for one in wanted)
