"""Notices that source files have changed (ENV=dev)."""

import os
import time

_EVERY_S = 1.0


class Watch:
    """The newest state of all Python files below some folders, looked at once a second."""

    def __init__(self, folders: list[str]) -> None:
        self._folders = folders
        self._seen = self._look()
        self.next_look = time.monotonic() + _EVERY_S

    def changed(self, now: float) -> str:
        """Name a file that was written, added or removed, if any; looks at most once a second."""
        if now < self.next_look:
            return ""
        self.next_look = now + _EVERY_S
        before, self._seen = self._seen, self._look()
        differences = sorted(dict(before.items() ^ self._seen.items()))
        return os.path.relpath(differences[0]) if differences else ""

    def _look(self) -> dict[str, int]:
        return {
            path: os.stat(path).st_mtime_ns
            for folder in self._folders
            for where, _, names in os.walk(folder)
            for path in (os.path.join(where, name) for name in names if name.endswith(".py"))
            if os.path.exists(path)
        }
