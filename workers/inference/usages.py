"""What the rounds of one answer have cost together."""

from typing import Any


def summed(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Add numbers up, also those inside of objects; of anything else the later one counts."""
    made = {**one, **other}
    for name in one.keys() & other.keys():
        first, second = one[name], other[name]
        if isinstance(first, dict) and isinstance(second, dict):
            made[name] = summed(first, second)
        elif isinstance(first, int | float) and isinstance(second, int | float):
            made[name] = first + second
    return made
