"""A real server of tools: a Flask application with an OpenAPI document, in a process of its own.

python -m tests.fakes.tool_server --port 9200
"""

import sys
import threading
from typing import Any

from flask import Flask, Response, request
from werkzeug.serving import make_server

from tests.fakes.process import FakeProcess

YAML = """
openapi: 3.1.0
info: {title: Clock, description: Tells the time}
paths:
  /now:
    get:
      operationId: now
      summary: Tell the time
"""
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Weather", "description": "Tells the weather", "version": "1"},
    "paths": {
        "/weather/{city}": {
            "parameters": [{"$ref": "#/components/parameters/City"}],
            "get": {
                "operationId": "get_weather",
                "summary": "Tell the weather of a city",
                "parameters": [{"name": "unit", "in": "query", "schema": {"enum": ["C", "F"]}}],
            },
        },
        "/convert": {
            "post": {
                "operationId": "convert",
                "description": "Convert a temperature",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Degrees"}}
                    },
                },
            }
        },
        "/echo": {
            "get": {
                "operationId": "echo",
                "summary": "Say it again.",
                "parameters": [
                    {
                        "name": "word",
                        "in": "query",
                        "required": True,
                        "schema": {"type": "string"},
                    }
                ],
            }
        },
        "/fails": {"get": {"operationId": "fails", "summary": "Always fails"}},
        "/slow": {"get": {"operationId": "slow", "summary": "Answers when it is let go"}},
        "/who": {"get": {"operationId": "who", "summary": "Tell who asks"}},
        "/picture": {"get": {"operationId": "picture", "summary": "Give a picture"}},
        "/photo": {"get": {"operationId": "photo", "summary": "Give a picture's own bytes"}},
        "/archive": {"get": {"operationId": "archive", "summary": "Give what is no text"}},
        "/tagged": {
            "get": {
                "operationId": "tagged",
                "summary": "Has a header",
                "parameters": [{"name": "X-Tag", "in": "header", "schema": {"type": "string"}}],
            }
        },
        "/odd": {"get": {"operationId": "odd.name", "summary": "Has an odd name"}},
        "/silent": {"get": {"summary": "Has no name, and is no tool"}},
    },
    "components": {
        "parameters": {
            "City": {
                "name": "city",
                "in": "path",
                "required": True,
                "description": "Where",
                "schema": {"type": "string"},
            }
        },
        "schemas": {
            "Degrees": {
                "type": "object",
                "required": ["celsius"],
                "properties": {
                    "celsius": {"type": "string"},
                    "inner": {"$ref": "#/components/schemas/Degrees"},
                },
            }
        },
    },
}

app = Flask(__name__)
_log: list[dict[str, Any]] = []
_released = threading.Event()


@app.before_request
def _note() -> None:
    if not request.path.startswith("/__"):
        bearer = request.headers.get("Authorization", "")
        body = request.get_json(silent=True)
        _log.append({"path": request.full_path.rstrip("?"), "bearer": bearer, "json": body})


@app.get("/openapi.json")
def _document() -> dict[str, Any]:
    return DOCUMENT


@app.get("/openapi.yaml")
def _yaml() -> Response:
    return Response(YAML, content_type="application/yaml")


@app.get("/none.json")
def _none() -> dict[str, Any]:
    return {"swagger": "no"}


@app.get("/weather/<city>")
def _weather(city: str) -> dict[str, Any]:
    return {"city": city, "sky": "blue", "unit": request.args.get("unit", "C")}


@app.post("/convert")
def _convert() -> dict[str, Any]:
    return {"fahrenheit": float(request.get_json()["celsius"]) * 9 / 5 + 32}


@app.get("/echo")
def _echo() -> Response:
    return Response(request.args["word"], content_type="text/plain")


@app.get("/fails")
def _fails() -> tuple[str, int]:
    return "the sensor is broken", 503


@app.get("/slow")
def _slow() -> str:
    _released.wait(60)
    return "late"


@app.get("/who")
def _who() -> str:
    return request.headers.get("Authorization", "nobody")


@app.get("/picture")
def _picture() -> list[str]:
    return ["data:image/png;base64,AAAA", "a red square"]


@app.get("/photo")
def _photo() -> Response:
    return Response(b"\x89PNG", content_type="image/png")


@app.get("/archive")
def _archive() -> Response:
    return Response(b"PK\0\1", content_type="application/zip")


@app.get("/tagged")
def _tagged() -> str:
    return request.headers.get("X-Tag", "")


@app.get("/odd")
def _odd() -> str:
    return "odd"


@app.get("/now")
def _now() -> Response:
    return Response('"noon"', content_type="application/json")  # pages read nothing else


@app.get("/__log")
def _logged() -> list[dict[str, Any]]:
    return _log


@app.post("/__reset")
def _reset() -> dict[str, Any]:
    _log.clear()
    _released.clear()
    return {}


@app.post("/__release")
def _release() -> dict[str, Any]:
    _released.set()
    return {}


class ToolServer(FakeProcess):
    """The server as a process of its own."""

    module = "tests.fakes.tool_server"

    def release(self) -> None:
        """Let what waits be answered."""
        self._call("/__release", {})


def main() -> None:
    """Serve until standard input ends."""
    server = make_server("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1]), app, True)
    sys.stdout.write(f"tools on http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
