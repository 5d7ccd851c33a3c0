"""Options: what an admin may change while all runs; saved, else environment, else default.

Each area declares its own in a file of its own; `catalogue.py` joins them, `store.py` reads and
saves their values.
"""

from shared.config.options.base import LIFETIME, Option, is_lifetime, parse_bool
from shared.config.options.catalogue import OPTIONS
from shared.config.options.store import Options, follow_options, get_options, option

__all__ = [
    "LIFETIME",
    "OPTIONS",
    "Option",
    "Options",
    "follow_options",
    "get_options",
    "is_lifetime",
    "option",
    "parse_bool",
]
