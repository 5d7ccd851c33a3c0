"""What became of everything, for the operator who reads it."""

from collections import Counter
from dataclasses import dataclass, field

# More of a noun are counted, not listed.
_MOST_NOTES = 50


@dataclass
class Report:
    """Counts per noun, and notes on single things."""

    is_dry: bool = False
    head: str = ""
    brought: Counter[str] = field(default_factory=Counter)
    present: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    _notes: dict[str, list[str]] = field(default_factory=dict)
    _nouns: list[str] = field(default_factory=list)

    def begin(self, noun: str) -> None:
        """Tell of a noun, also where nothing comes of it."""
        self._nouns.append(noun)

    def leave_out(self, noun: str, name: str, why: str) -> None:
        """Tell that one thing was not brought."""
        self.left_out[noun] += 1
        self.note(noun, name, f"left out, {why}")

    def note(self, noun: str, name: str, words: str) -> None:
        """Tell something of one thing."""
        self._notes.setdefault(noun, []).append(f"{name}: {words}.")

    def lines(self) -> list[str]:
        """Give all of it in words."""
        verb = "would be brought" if self.is_dry else "brought"
        return [self.head, *(self._counted(noun, verb) for noun in self._nouns), *self._told()]

    def _counted(self, noun: str, verb: str) -> str:
        parts = [f"{self.brought[noun]} {verb}"]
        parts += [f"{self.present[noun]} here already"] * bool(self.present[noun])
        parts += [f"{self.left_out[noun]} left out"] * bool(self.left_out[noun])
        return f"{noun}: {', '.join(parts)}"

    def _told(self) -> list[str]:
        lines = []
        for noun, notes in self._notes.items():
            lines += ["", f"Of {noun}:", *(f"- {note}" for note in notes[:_MOST_NOTES])]
            if len(notes) > _MOST_NOTES:
                lines.append(f"- and {len(notes) - _MOST_NOTES} more.")
        return lines
