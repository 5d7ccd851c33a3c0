"""What leaves the event loop, and what ends on it in time."""

import subprocess
import sys

from tests.rules.source import ROOT

# In a process of its own: patching cannot be taken back.
_SILENT_SERVER = """
from gevent import monkey; monkey.patch_all()
import socket, time
from shared.errors import Unavailable
from shared.offload import deadline

server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
began = time.monotonic()
try:
    with deadline(0.2, Unavailable("in time")):
        client.recv(1)
except Unavailable as error:
    print(error, time.monotonic() - began < 5)
"""


def test_a_library_that_waits_for_ever_is_ended_on_green_threads():
    done = subprocess.run(
        [sys.executable, "-c", _SILENT_SERVER],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    assert done.stdout.split() == ["in", "time", "True"]
