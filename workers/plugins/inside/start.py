"""The beginning of a plugin's process: into the jail first, then the source is loaded."""

import json
import os
import socket

from . import frames, jail

# Where the worker has put the ends of its lines.
CONTROL, DOOR, LIFELINE = 3, 4, 5


def main() -> None:
    """Read what is to be opened, enter the jail, and serve until the worker closes the line."""
    os.closerange(LIFELINE + 1, os.sysconf("SC_OPEN_MAX"))
    control = socket.socket(fileno=CONTROL)
    control.setblocking(True)  # the worker's green threads have made it otherwise
    opening = json.loads(frames.read(control))
    try:
        held = jail.enter(jail.Plan.of(opening["jail"]), LIFELINE)
    except (jail.NothingHolds, OSError) as error:
        _refuse(control, str(error))
        return
    from . import serving  # noqa: PLC0415 -- in the jail

    serving.serve(control, DOOR, opening, held)


def _refuse(control: socket.socket, words: str) -> None:
    told = {"op": "refused", "message": words}
    control.sendall(frames.pack(json.dumps(told).encode()))
