"""Servers that find the text in files, by their documented protocols: Apache Tika, Docling, Azure's
Document Intelligence, Mistral's OCR; and one that orders texts again, as Cohere's `/rerank` does.

A file's text is its bytes; one that begins with BROKEN cannot be read. A form feed begins a page.

Sources: https://cwiki.apache.org/confluence/display/TIKA/TikaServer;
https://github.com/docling-project/docling-serve/blob/main/docs/usage.md;
https://learn.microsoft.com/rest/api/aiservices/document-models/analyze-document;
https://docs.mistral.ai/api/#tag/ocr and #tag/files; https://docs.cohere.com/reference/rerank
"""

import base64
import json
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.threaded import Handler, ThreadedFake

BROKEN = b"%BROKEN"
KEY = "good-key"
Answer = tuple[int, Any, dict[str, str]]


class FakeReading(ThreadedFake):
    """The server; use as a context.

    Attributes:
        trouble: Status with which everything is refused; None when all is well.
        docling: Below which paths Docling answers: its versions differ.
        kept: What Mistral has of lent files, by id.
        polls: How often Azure says that it is not ready yet.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.trouble: int | None = None
        self.docling = "v1"
        self.kept: dict[str, bytes] = {}
        self.analysed: list[bytes] = []
        self.polls = 1
        super().__init__(_Handler)


class _Handler(Handler):
    def serve(self) -> None:
        self.fake.asked.append((self.command, self.path, self.seen, self.body))
        parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.way = parts.path.strip("/").split("/")
        status, told, headers = self.served()
        self.tell_json(told, status, headers)

    def served(self) -> Answer:
        if self.fake.trouble is not None:
            return self.fake.trouble, {"detail": "not now"}, {}
        for first, serve in _PROTOCOLS.items():
            if self.way[0] == first:
                return serve(self)
        if self.way[0] == self.fake.docling and self.way[1:] == ["convert", "file"]:
            return _docling(self)
        return 404, {"detail": "Not Found"}, {}

    def is_let_in(self) -> bool:
        return self.headers.get("authorization") == f"Bearer {KEY}"

    def form(self) -> dict[str, tuple[str | None, bytes]]:
        """Take a form apart: each field's file name and content."""
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        message = BytesParser().parsebytes(head + self.body)
        return {
            str(part.get_param("name", header="content-disposition")): (
                part.get_filename(),
                part.get_payload(decode=True) or b"",
            )
            for part in message.get_payload()
        }


def _tika(ask: _Handler) -> Answer:
    if ask.command != "PUT" or ask.way != ["tika", "text"]:
        return 405, {}, {}
    if ask.body.startswith(BROKEN):
        return 422, {"X-TIKA:EXCEPTION:container_exception": "TikaException"}, {}
    told = {"Content-Type": ask.headers["content-type"], "X-TIKA:content": f"\n{_text(ask.body)}\n"}
    return 200, told, {}


def _docling(ask: _Handler) -> Answer:
    name, content = ask.form().get("files", (None, b""))
    if name is None:
        return 422, {"detail": [{"loc": ["body", "files"], "msg": "Field required"}]}, {}
    if content.startswith(BROKEN):
        error = {"component_type": "document_backend", "error_message": "Input document is invalid"}
        return 200, {"document": {"filename": name}, "status": "failure", "errors": [error]}, {}
    document = {"filename": name, "md_content": _text(content), "text_content": None}
    return 200, {"document": document, "status": "success", "errors": [], "timings": {}}, {}


def _azure(ask: _Handler) -> Answer:
    if ask.headers.get("ocp-apim-subscription-key") != KEY:
        return 401, {"error": {"code": "401", "message": "Access denied"}}, {}
    if ask.command == "POST":
        return _azure_begin(ask)
    ask.fake.polls -= 1
    if ask.fake.polls >= 0:
        return 200, {"status": "running"}, {"Retry-After": "1"}
    content = ask.fake.analysed[int(ask.way[-1])]
    if content.startswith(BROKEN):
        inner = {"code": "InvalidContent", "message": "The file is corrupted."}
        error = {"code": "InvalidRequest", "message": "Invalid request.", "innererror": inner}
        return 200, {"status": "failed", "error": error}, {}
    result = {"modelId": "prebuilt-layout", "content": _text(content), "pages": []}
    return 200, {"status": "succeeded", "analyzeResult": result}, {}


def _azure_begin(ask: _Handler) -> Answer:
    source = json.loads(ask.body).get("base64Source")
    is_known = ask.way[1:] == ["documentModels", "prebuilt-layout:analyze"]
    if not is_known or source is None or "api-version" not in ask.query:
        return 400, {"error": {"code": "InvalidRequest", "message": "Invalid request."}}, {}
    ask.fake.analysed.append(base64.b64decode(source))
    place = "documentintelligence/documentModels/prebuilt-layout/analyzeResults"
    return 202, {}, {"Operation-Location": f"{ask.fake.url}/{place}/{len(ask.fake.analysed) - 1}"}


def _mistral(ask: _Handler) -> Answer:
    if not ask.is_let_in():
        return 401, {"detail": "Unauthorized"}, {}
    if ask.way[1] == "ocr":
        return _mistral_ocr(ask)
    if ask.command == "POST":
        form = ask.form()
        name, content = form["file"]
        if form.get("purpose", (None, b""))[1] != b"ocr":
            return 422, {"detail": "purpose"}, {}
        ask.fake.kept[f"file-{len(ask.fake.kept)}"] = content
        return 200, {"id": f"file-{len(ask.fake.kept) - 1}", "filename": name, "object": "file"}, {}
    return _mistral_lent(ask, ask.way[2])


def _mistral_lent(ask: _Handler, file_id: str) -> Answer:
    if file_id not in ask.fake.kept:
        return 404, {"detail": "No such file"}, {}
    if ask.command == "DELETE":
        del ask.fake.kept[file_id]
        return 200, {"id": file_id, "object": "file", "deleted": True}, {}
    return 200, {"url": f"{ask.fake.url}/signed/{file_id}"}, {}


def _mistral_ocr(ask: _Handler) -> Answer:
    document = json.loads(ask.body)["document"]
    content = ask.fake.kept[document["document_url"].rpartition("/")[2]]
    if content.startswith(BROKEN):
        return 400, {"object": "error", "message": "Document could not be read"}, {}
    pages = [{"index": n, "markdown": text} for n, text in enumerate(_text(content).split("\f"))]
    return 200, {"pages": pages, "model": "mistral-ocr", "usage_info": {}}, {}


def _rerank(ask: _Handler) -> Answer:
    """Score by how many words of the question a text has; the best come first."""
    if not ask.is_let_in():
        return 401, {"message": "invalid api token"}, {}
    asked = json.loads(ask.body)
    words = set(asked["query"].lower().split())
    scored = [
        {"index": n, "relevance_score": len(words & set(text.lower().split())) / len(words)}
        for n, text in enumerate(asked["documents"])
    ]
    scored.sort(key=lambda one: -one["relevance_score"])
    return 200, {"id": "r1", "results": scored[: asked["top_n"]], "meta": {}}, {}


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


# By the first part of the path; Docling's depends on its version.
_PROTOCOLS = {
    "tika": _tika,
    "documentintelligence": _azure,
    "mistral": _mistral,
    "rerank": _rerank,
}
