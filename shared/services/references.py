"""What a request, or a model, names to be read before an answer: files, knowledge bases, pages.

Source: contract, models "File item" and chat-flow §10.
"""

from typing import Any

from shared.services import indexing

_MOST = 200
_KEPT = (
    "type",
    "id",
    "name",
    "url",
    "collection_name",
    "collection_names",
    "legacy",
    "context",
)
_MAX_DOCS, _MAX_DOC = 50, 100_000
_FILES = ("file", "doc", "")


def cleaned(items: Any) -> list[dict[str, Any]]:
    """Take of a client's items what says which things are meant; their texts are looked up, except
    those that stand nowhere else. Pictures are not read.
    """
    found = [item for item in items or () if isinstance(item, dict)][:_MOST]
    return [_cleaned(item) for item in found if item.get("type") != "image"]


def _cleaned(item: dict[str, Any]) -> dict[str, Any]:
    kept = {name: item[name] for name in _KEPT if isinstance(item.get(name), str | list | bool)}
    inner = item.get("file")
    if not kept.get("name") and isinstance(inner, dict):
        kept["name"] = inner.get("filename") or inner.get("name") or ""
    docs = [doc for doc in item.get("docs") or () if isinstance(doc, dict)][:_MAX_DOCS]
    if docs:
        kept["docs"] = [_doc(doc) for doc in docs]
    elif item.get("type") == "text" and isinstance(item.get("content"), str):
        kept["docs"] = [_doc(item)]
    return kept


def _doc(doc: dict[str, Any]) -> dict[str, Any]:
    meta = doc.get("metadata")
    return {
        "content": str(doc.get("content") or "")[:_MAX_DOC],
        "metadata": meta if isinstance(meta, dict) else {},
    }


def collections_in(item: dict[str, Any]) -> list[str]:
    """Name the collections that an item stands for."""
    if item.get("type") == "collection":
        return _texts(item.get("collection_names") if item.get("legacy") else [item.get("id")])
    if item.get("collection_names"):
        return _texts(item["collection_names"])
    if item.get("collection_name"):
        return _texts([item["collection_name"]])
    if item.get("id") and (item.get("type") or "") in _FILES:
        return _texts([indexing.collection_of(str(item["id"]))])
    return []


def _texts(values: Any) -> list[str]:
    found = values if isinstance(values, list) else []
    return [one for one in found if isinstance(one, str) and one and "\x00" not in one]
