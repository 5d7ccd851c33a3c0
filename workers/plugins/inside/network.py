"""The network as a plugin has it: names and connections come from the worker, through a door.

The jail lets this process open no connection. Whoever calls `connect` gets one that the worker has
opened to an address that it allows; it is put in the place of the socket's own.

Source: socket(7), SCM_RIGHTS; Python's documentation of `socket.send_fds`.
"""

import array
import errno
import json
import os
import socket
from typing import Any

_LONGEST_ANSWER = 65536
_Socket = socket.socket
_lookup = socket.getaddrinfo
_connect = socket.socket.connect
_COPIED = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
)


def use(door: int) -> None:
    """Let all sockets of this process ask at the door."""
    at = _Door(socket.socket(fileno=door))

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host is None or _is_number(host):
            return _lookup(host, port, *args, **kwargs)
        name = host.decode() if isinstance(host, bytes) else str(host)
        return _found(at.ask(op="resolve", host=name), port, args, kwargs)

    def connect(self: socket.socket, address: Any) -> None:
        if self.family not in (socket.AF_INET, socket.AF_INET6):
            _connect(self, address)
            return
        at.connect(self, str(address[0]), int(address[1]))

    def connect_ex(self: socket.socket, address: Any) -> int:
        try:
            connect(self, address)
        except OSError as error:
            return error.errno or errno.ECONNREFUSED
        return 0

    replaced: Any = socket
    replaced.getaddrinfo = getaddrinfo
    replaced.gethostbyname = lambda host: getaddrinfo(host, 0, socket.AF_INET)[0][4][0]
    replaced.socket.connect = connect
    replaced.socket.connect_ex = connect_ex


class _Door:
    def __init__(self, line: socket.socket) -> None:
        self._line = line
        line.setblocking(True)  # the worker's green threads have made it otherwise

    def ask(self, **question: Any) -> dict[str, Any]:
        answer, _ = self._exchange(question)
        return answer

    def connect(self, sock: socket.socket, host: str, port: int) -> None:
        timeout = sock.gettimeout()
        answer, handle = self._exchange({"op": "dial", "host": host, "port": port})
        if handle is None:
            raise OSError(answer.get("errno") or errno.EACCES, answer.get("error") or "refused")
        options = [(level, name, sock.getsockopt(level, name)) for level, name in _COPIED]
        os.dup2(handle, sock.fileno(), inheritable=False)
        os.close(handle)
        sock.settimeout(timeout)
        for level, name, value in options:
            sock.setsockopt(level, name, value)

    def _exchange(self, question: dict[str, Any]) -> tuple[dict[str, Any], int | None]:
        """Ask; each question brings the line along on which it wants its answer."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                rights = array.array("i", [theirs.fileno()])
                about = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
                self._line.sendmsg([json.dumps(question).encode()], about)
            data, handles, _, _ = socket.recv_fds(ours, _LONGEST_ANSWER, 1)
        if not data:
            return {"error": "the network is away"}, None
        return json.loads(data), (handles[0] if handles else None)


def _is_number(host: Any) -> bool:
    try:
        _lookup(host, 0, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError, TypeError):
        return False
    return True


def _found(answer: dict[str, Any], port: Any, args: Any, kwargs: Any) -> list[Any]:
    if "error" in answer:
        raise socket.gaierror(socket.EAI_NONAME, answer["error"])
    found: list[Any] = []
    for number in answer["numbers"]:
        try:
            found += _lookup(number, port, *args, **kwargs)
        except socket.gaierror:
            continue  # of the other family
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no address of this family")
    return found
