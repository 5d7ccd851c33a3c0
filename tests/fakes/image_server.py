"""Engines of pictures, by their documented protocols: OpenAI, Gemini, AUTOMATIC1111, ComfyUI.

One server speaks all of them. `trouble` makes it refuse in the words of the protocol; `asked` lists
what came in. ComfyUI's WebSocket tells two steps with a preview between them, then the end.
"""

import base64
import hashlib
import json
import re
import struct
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.threaded import Handler, ThreadedFake

# One pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
ENCODED = base64.b64encode(PNG).decode()
_WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
CHECKPOINTS = ["one.safetensors", "two.safetensors"]


# What ComfyUI answers, by the first part of the path.
_COMFYUI = {
    "prompt": {"prompt_id": "p-1", "number": 1, "node_errors": {}},
    "history": {
        "p-1": {
            "outputs": {
                "8": {"images": [{"filename": "b.png", "subfolder": "", "type": "temp"}]},
                "9": {"images": [{"filename": "a.png", "subfolder": "", "type": "output"}]},
            }
        }
    },
    "object_info": {
        "CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [CHECKPOINTS, {}]}}}
    },
}


def content_of(*parts: dict, **beside: Any) -> dict:
    """Write what Gemini says, as `generateContent` answers."""
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **beside}]}


class FakeImages(ThreadedFake):
    """The server; use as a context.

    Attributes:
        key: What clients have to show.
        trouble: Status and message with which everything is refused.
        is_slow: Whether pictures wait until `release` is set.
        content: What Gemini answers; a word and a picture unless a test wants something else.
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
        shown = {"inlineData": {"mimeType": "image/png", "data": ENCODED}}
        self.content = content_of({"text": "Here it is."}, shown)
        self.release = threading.Event()
        self.ordered = threading.Event()

    def bodies(self, path: str) -> list[dict]:
        """Give the JSON bodies that came to a path."""
        return [json.loads(body) for asked, body, _ in self.asked if asked == path]

    def let_go(self) -> None:
        """See `ThreadedFake`."""
        self.release.set()


class _Handler(Handler):
    def serve(self) -> None:
        path = urlsplit(self.path).path
        self.fake.asked.append((path, self.body, self.seen))
        if path == "/ws":
            self.listen()
        elif self.fake.trouble is not None:
            self.tell_json({"error": {"message": self.fake.trouble[1]}}, self.fake.trouble[0])
        else:
            first = path.split("/")[1]
            getattr(self, f"speak_{first}", self.speak_comfyui)(path)

    def speak_v1(self, path: str) -> None:
        if self.seen.get("authorization") != f"Bearer {self.fake.key}":
            self.tell_json({"error": {"message": "Incorrect API key provided"}}, 401)
            return
        count = json.loads(self.body).get("n", 1) if self.body[:1] == b"{" else 1
        one = {"url": f"{self.fake.url}/view"} if self.fake.sends_urls else {"b64_json": ENCODED}
        self.tell_json({"created": 1, "data": [one] * count})

    def speak_google(self, path: str) -> None:
        if self.seen.get("x-goog-api-key") != self.fake.key:
            self.tell_json({"error": {"code": 403, "message": "API key not valid"}}, 403)
        elif path.endswith(":generateContent"):
            self.tell_json(self.fake.content)
        else:
            count = json.loads(self.body)["parameters"]["sampleCount"]
            one = {"mimeType": "image/png", "bytesBase64Encoded": ENCODED}
            self.tell_json({"predictions": [one] * count})

    def speak_sdapi(self, path: str) -> None:
        place = path.rpartition("/")[2]
        if place in ("txt2img", "img2img"):
            self.fake.ordered.set()
            if self.fake.is_slow:
                self.fake.release.wait(20)
            count = json.loads(self.body)["batch_size"]
            self.tell_json({"images": [ENCODED] * count, "info": "{}"})
        elif place == "progress":
            self.tell_json({"progress": 0.4, "current_image": ENCODED})
        elif place == "interrupt":
            self.fake.release.set()
            self.tell_json({})
        else:
            self.tell_json([{"title": f"{n} [x]", "model_name": n} for n in CHECKPOINTS])

    def speak_comfyui(self, path: str) -> None:
        place = path.split("/")[1]
        if place == "view":
            self.tell(PNG, "image/png")
            return
        self.tell_json(_COMFYUI.get(place, {}))
        if place == "prompt":
            self.fake.ordered.set()

    def speak_upload(self, path: str) -> None:
        """Take a picture in, under the name that it has in the form."""
        name = re.search(rb'filename="([^"]+)"', self.body)[1].decode()
        self.tell_json({"name": name, "subfolder": "up", "type": "input"})

    def listen(self) -> None:
        digest = hashlib.sha1((self.seen["sec-websocket-key"] + _WEBSOCKET_GUID).encode())  # noqa: S324 -- RFC 6455
        self.fake.ordered.clear()  # the client has ordered nothing yet
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest.digest()).decode())
        self.end_headers()
        self.close_connection = True
        self.fake.ordered.wait(20)
        if self.fake.is_slow:
            self.fake.release.wait(20)
        with suppress(OSError):  # the client may be gone by now
            for frame in _frames(self.fake):
                self.wfile.write(frame)
            self.rfile.read(2)  # until the client closes


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
