"""The OpenAI-compatible door to the local models: lists them, passes questions to them."""

import hmac
import json
import logging
import select
import socket
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from launch.models.catalogue import SMOLLM2, Catalogue, ModelFile
from launch.models.pool import BrokenModel, Pool, Runner, Unavailable

log = logging.getLogger(__name__)

_CONNECT_S = 10.0
_TRIES = 2
_DYING_S = 1.0
_LARGEST_BODY = 64 * 1024 * 1024
# A model of 135 million parameters wanders off without these; whoever asks may set others.
_SMOLLM2_DEFAULTS = {"temperature": 0.2, "repeat_penalty": 1.1}
_SMOLLM2_SYSTEM = {"role": "system", "content": "You are a helpful assistant. Answer in English."}


class Front(ThreadingHTTPServer):
    """The server; one thread per connection.

    Args:
        port: Port on 127.0.0.1.
        key: What callers send as Bearer.
        catalogue: The models that are offered.
        pool: The models that are loaded.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, key: str, catalogue: Catalogue, pool: Pool) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.key = key
        self.catalogue = catalogue
        self.pool = pool


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(HTTPStatus.OK, {"status": "ok"})
        elif not self._may_enter():
            return
        elif self.path == "/v1/models":
            self._answer(HTTPStatus.OK, {"object": "list", "data": self._models()})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing at this address.", "not_found")

    def do_POST(self) -> None:
        # The body is not always read to its end, so the connection is not used again.
        self.close_connection = True
        if not self._may_enter():
            return
        if self.path != "/v1/chat/completions":
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing at this address.", "not_found")
            return
        question = self._question()
        if question is not None:
            self._complete(question)

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _may_enter(self) -> bool:
        given = self.headers.get("Authorization", "").encode()
        if hmac.compare_digest(given, f"Bearer {self.server.key}".encode()):
            return True
        self._refuse(HTTPStatus.UNAUTHORIZED, "The key is missing or wrong.", "invalid_api_key")
        return False

    def _models(self) -> list[dict[str, Any]]:
        return [
            {
                "id": model.id,
                "object": "model",
                "created": model.changed_ns // 10**9,
                "owned_by": "local",
            }
            for model in self.server.catalogue.offered()
        ]

    def _question(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LARGEST_BODY:
            self._refuse(
                HTTPStatus.BAD_REQUEST, "The body has no length, or is too large.", "bad_body"
            )
            return None
        try:
            question = json.loads(self.rfile.read(int(length)))
        except ValueError:
            question = None
        if not isinstance(question, dict) or not isinstance(question.get("messages"), list):
            self._refuse(HTTPStatus.BAD_REQUEST, "The body is not a chat in JSON.", "bad_body")
            return None
        return question

    def _complete(self, question: dict[str, Any]) -> None:
        catalogue = self.server.catalogue
        wanted = str(question.get("model", ""))
        model = catalogue.find(wanted)
        if model is None:
            text = f"There is no local model {wanted!r}."
            self._refuse(HTTPStatus.NOT_FOUND, text, "model_not_found")
            return
        if reason := catalogue.problem(model):
            text = f"The local model {wanted} cannot be used: {reason}."
            self._refuse(HTTPStatus.BAD_REQUEST, text, "model_broken")
            return
        if wanted == SMOLLM2:
            question = _with_defaults(question)
        try:
            self._relay(model, json.dumps(question).encode())
        except BrokenModel as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error), "model_broken")
        except Unavailable as error:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, str(error), "model_unavailable")

    def _relay(self, model: ModelFile, body: bytes) -> None:
        """Pass a question on, once more when the model's process died before it said anything."""
        for _ in range(_TRIES):
            with self.server.pool.use(model) as runner:
                sent = _exchange(runner, body, self.connection)
                if sent or not _is_open(self.connection):
                    return
                runner.wait_ended(_DYING_S)
        text = f"The local model {model.id} ended without an answer."
        self._refuse(HTTPStatus.BAD_GATEWAY, text, "model_ended")

    def _refuse(self, status: HTTPStatus, text: str, code: str) -> None:
        kind = (
            "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
        )
        self._answer(
            status, {"error": {"message": text, "type": kind, "param": None, "code": code}}
        )

    def _answer(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)
        except OSError as error:
            log.debug("an answer was not taken: %s", error)


def _exchange(runner: Runner, body: bytes, client: socket.socket) -> int:
    """Put a question to a model's process and copy the answer to the client; give its length.

    When the client goes away the model's process sees its connection close, and frees its slot.
    """
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{runner.port}\r\n"
        f"Authorization: Bearer {runner.key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    sent = 0
    try:
        with socket.create_connection(("127.0.0.1", runner.port), _CONNECT_S) as upstream:
            upstream.settimeout(None)
            upstream.sendall(head.encode() + body)
            for data in _answer_of(upstream, client):
                client.sendall(data)
                sent += len(data)
    except OSError as error:
        log.info("a question to %s was cut off: %s", runner.model.id, error)
    return sent


def _answer_of(upstream: socket.socket, client: socket.socket) -> Iterator[bytes]:
    """Give what comes from upstream until it ends or the client closes."""
    ready = select.poll()
    ready.register(upstream, select.POLLIN)
    ready.register(client, select.POLLIN)
    while True:
        events = {fd for fd, _ in ready.poll()}
        if client.fileno() in events:
            if not _is_open(client):
                return
            ready.unregister(client)  # it has sent more than one question: not read
        if upstream.fileno() in events:
            data = upstream.recv(65536)
            if not data:
                return
            yield data


def _is_open(client: socket.socket) -> bool:
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def _with_defaults(question: dict[str, Any]) -> dict[str, Any]:
    messages = question["messages"]
    has_system = any(isinstance(m, dict) and m.get("role") == "system" for m in messages)
    return {
        **_SMOLLM2_DEFAULTS,
        **question,
        "messages": messages if has_system else [_SMOLLM2_SYSTEM, *messages],
    }
