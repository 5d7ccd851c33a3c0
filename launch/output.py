"""Writes the children's lines to standard output, each with the name of its process."""

import json
import os
import select
import time

_COLOURS = ("36", "32", "35", "33", "34", "31", "96", "92")
_CHUNK = 4096  # PIPE_BUF: a pipe that is ready takes this much without blocking
_PATIENCE_MS = 500
_LONGEST_LINE = 65536


def as_json(name: str, line: bytes) -> bytes:
    """Leave a line that is JSON already as it is; make one of what a process says in plain words.

    Args:
        name: Of the process.
        line: Without its end.
    """
    if line.startswith(b"{"):
        return line
    told = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "level": "INFO",
        "process": name,
        "message": line.decode(errors="replace"),
    }
    return json.dumps(told, ensure_ascii=False).encode()


class Output:
    """Standard output of all processes; a reader that stops reading never stops the service.

    Args:
        names: Of the processes.
        fd: Where to write.
        is_json: Whether every line is to be a JSON object, as with LOG_FORMAT=json.
    """

    def __init__(self, names: list[str], fd: int = 1, *, is_json: bool = False) -> None:
        self._fd = fd
        self._is_json = is_json
        self._dropped = 0
        width = max(map(len, names))
        coloured = os.isatty(fd)
        self._prefixes: dict[str, bytes] = {}
        for index, name in enumerate(names):
            plain = f"{name:<{width}} | "
            colour = _COLOURS[index % len(_COLOURS)]
            self._prefixes[name] = (f"\x1b[{colour}m{plain}\x1b[0m" if coloured else plain).encode()

    def lines(self, name: str, lines: list[bytes]) -> None:
        """Write lines of one process, or drop them when nobody takes them for half a second."""
        lost = [b"(%d lines could not be written)" % self._dropped] if self._dropped else []
        if self._is_json:
            written = [as_json(name, line) for line in lost + lines if line.strip()]
        else:
            written = [self._prefixes[name] + line for line in lost + lines]
        if self._write(b"".join(line + b"\n" for line in written)):
            self._dropped = 0
        else:
            self._dropped += len(lines)

    def _write(self, text: bytes) -> bool:
        view = memoryview(text)
        ready = select.poll()
        ready.register(self._fd, select.POLLOUT)
        while view:
            if not ready.poll(_PATIENCE_MS):
                return False
            try:
                view = view[os.write(self._fd, view[:_CHUNK]) :]
            except BlockingIOError:
                continue
            except OSError:
                return True  # whoever read our output is gone: go on without
        return True


class LineBuffer:
    """Cuts what a process writes into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Add what was read; give the lines that are whole now, or overlong."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        return [line.rstrip(b"\r") for line in lines]

    def flush(self) -> list[bytes]:
        """Give the last line when it had no end."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []
