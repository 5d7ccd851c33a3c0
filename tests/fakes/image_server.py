"""Engines of pictures, by their documented protocols: OpenAI, Gemini, AUTOMATIC1111, ComfyUI.

One server speaks all of them. `trouble` makes it refuse in the words of the protocol; `asked` lists
what came in. ComfyUI's WebSocket tells two steps with a preview between them, then the end.
"""

import base64
import hashlib
import json
import struct
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.fakes.threaded import ThreadedFake

# One pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
ENCODED = base64.b64encode(PNG).decode()
_WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
CHECKPOINTS = ["one.safetensors", "two.safetensors"]


class FakeImages(ThreadedFake):
    """The server; use as a context.

    Attributes:
        key: What clients have to show.
        trouble: Status and message with which everything is refused.
        is_slow: Whether pictures wait until `release` is set.
    """

    def __init__(self) -> None:
        self.key = "good-key"
        self.reset()
        super().__init__(_Handler)

    def reset(self) -> None:
        """Forget what came, and be good."""
        self.asked: list[tuple[str, bytes, dict[str, str]]] = []
        self.trouble: tuple[int, str] | None = None
        self.node_error = ""
        self.sends_urls = False
        self.is_slow = False
        self.release = threading.Event()
        self.ordered = threading.Event()

    def bodies(self, path: str) -> list[dict]:
        """Give the JSON bodies that came to a path."""
        return [json.loads(body) for asked, body, _ in self.asked if asked == path]

    def let_go(self) -> None:
        """See `ThreadedFake`."""
        self.release.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def fake(self) -> FakeImages:
        return self.server.fake

    def answer(self, value: object, status: int = 200) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header(
            "Content-Type", "image/png" if isinstance(value, bytes) else "application/json"
        )
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_one(self) -> None:
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.fake.asked.append((path, body, headers))
        if path == "/ws":
            self.listen(headers)
            return
        if self.fake.trouble is not None:
            self.answer({"error": {"message": self.fake.trouble[1]}}, self.fake.trouble[0])
            return
        first = path.split("/")[1]
        getattr(self, f"speak_{first}", self.speak_comfyui)(path, body, headers)

    do_GET = do_POST = handle_one  # noqa: N815 -- the library's names

    def speak_v1(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        if headers.get("authorization") != f"Bearer {self.fake.key}":
            self.answer({"error": {"message": "Incorrect API key provided"}}, 401)
            return
        count = json.loads(body).get("n", 1) if body[:1] == b"{" else 1
        one = {"url": f"{self.fake.url}/view"} if self.fake.sends_urls else {"b64_json": ENCODED}
        self.answer({"created": 1, "data": [one] * count})

    def speak_google(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        if headers.get("x-goog-api-key") != self.fake.key:
            self.answer({"error": {"code": 403, "message": "API key not valid"}}, 403)
            return
        count = json.loads(body)["parameters"]["sampleCount"]
        one = {"mimeType": "image/png", "bytesBase64Encoded": ENCODED}
        self.answer({"predictions": [one] * count})

    def speak_sdapi(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        place = path.rpartition("/")[2]
        if place in ("txt2img", "img2img"):
            self.fake.ordered.set()
            if self.fake.is_slow:
                self.fake.release.wait(20)
            self.answer({"images": [ENCODED] * json.loads(body)["batch_size"], "info": "{}"})
        elif place == "progress":
            self.answer({"progress": 0.4, "current_image": ENCODED})
        elif place == "interrupt":
            self.fake.release.set()
            self.answer({})
        else:
            self.answer([{"title": f"{n} [x]", "model_name": n} for n in CHECKPOINTS])

    def speak_comfyui(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        place = path.split("/")[1]
        image = {"filename": "a.png", "subfolder": "", "type": "output"}
        draft = {"filename": "b.png", "subfolder": "", "type": "temp"}
        listed = {"input": {"required": {"ckpt_name": [CHECKPOINTS, {}]}}}
        outputs = {"8": {"images": [draft]}, "9": {"images": [image]}}
        answers = {
            "prompt": {"prompt_id": "p-1", "number": 1, "node_errors": {}},
            "history": {"p-1": {"outputs": outputs}},
            "view": PNG,
            "object_info": {"CheckpointLoaderSimple": listed},
        }
        self.answer(answers.get(place, {}))
        if place == "prompt":
            self.fake.ordered.set()

    def listen(self, headers: dict[str, str]) -> None:
        digest = hashlib.sha1((headers["sec-websocket-key"] + _WEBSOCKET_GUID).encode())  # noqa: S324 -- RFC 6455
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest.digest()).decode())
        self.end_headers()
        self.close_connection = True
        self.fake.ordered.wait(20)
        if self.fake.is_slow:
            self.fake.release.wait(20)
        for frame in _frames(self.fake):
            self.wfile.write(frame)
        self.rfile.read(2)  # until the client closes

    def log_message(self, *_: object) -> None:
        pass


def _frames(fake: FakeImages) -> list[bytes]:
    about = {"prompt_id": "p-1"}
    told = [_text("status", {"status": {"exec_info": {"queue_remaining": 1}}})]
    if fake.node_error:
        failed = {**about, "node_id": "3", "exception_message": fake.node_error}
        return [*told, _text("execution_error", failed)]
    told += [_text("executing", {"node": "3", "prompt_id": "another's"})]
    told += [_text("executing", {"node": None, "prompt_id": "another's"})]
    told += [_text("progress", {**about, "node": "3", "value": 5, "max": 20})]
    told += [_frame(2, struct.pack(">II", 1, 2) + PNG)]
    told += [_text("progress", {**about, "node": "3", "value": 20, "max": 20})]
    return [*told, _text("executing", {**about, "node": None})]


def _text(kind: str, data: dict) -> bytes:
    return _frame(1, json.dumps({"type": kind, "data": data}).encode())


def _frame(opcode: int, payload: bytes) -> bytes:
    """Write a frame as a server does. Source: RFC 6455, section 5.2."""
    size = len(payload)
    head = (
        bytes([0x80 | opcode, size])
        if size < 126
        else struct.pack(">BBH", 0x80 | opcode, 126, size)
    )
    return head + payload
