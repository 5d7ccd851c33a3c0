"""Source of tools and functions, read and never run: what a user wrote is not ours to execute.

The web tier needs to know of it what a page shows: whether it is Python, what it says about itself,
which functions it offers, which valves it has. All of that stands in the syntax tree.
"""

from shared.services.sources.module import Source, parse

__all__ = ["Source", "parse"]
