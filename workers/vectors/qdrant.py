"""Vectors in a Qdrant server, for many machines: one of its collections for each length of vectors,
ours are told apart by a field.

Source: https://qdrant.tech/documentation/guides/multiple-partitions/
"""

import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from shared.config.settings import get_settings
from shared.errors import Unavailable
from workers.vectors.base import IndexFailed, Item, Place

if TYPE_CHECKING:
    from workers.vectors.base import Vectors

_SPACE = uuid.UUID("5a3f6f0e-6f0b-4e6c-9d55-2f1f64a1b6d2")
_PREFIX = "switchyard_"
_TIMEOUT_S = 60
T = TypeVar("T")


class QdrantFinder:
    """See `Finder`.

    Args:
        client: Of the library, to a server or its local mode.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def put(self, collection: str, items: Sequence[Item]) -> None:
        """See `Finder`."""
        from qdrant_client import models  # noqa: PLC0415 -- heavy, and optional

        of: dict[int, list[Any]] = {}
        for item in items:
            payload = {"of": collection, "id": item.id, "file_id": item.meta.get("file_id")}
            point = models.PointStruct(
                id=_point(collection, item.id), vector=item.vector.tolist(), payload=payload
            )
            of.setdefault(len(item.vector), []).append(point)
        for dim, points in of.items():
            name = self._made(dim)
            _asked(partial(self._client.upsert, name, points, wait=True))

    def _made(self, dim: int) -> str:
        """Give the collection for vectors of a length; it is made when there is none."""
        from qdrant_client import models  # noqa: PLC0415 -- heavy, and optional

        name = f"{_PREFIX}{dim}"
        if not _asked(lambda: self._client.collection_exists(name)):
            size = models.VectorParams(size=dim, distance=models.Distance.COSINE)
            _asked(lambda: self._client.create_collection(name, vectors_config=size))
            for field in ("of", "file_id"):
                _asked(partial(self._client.create_payload_index, name, field, "keyword"))
        return name

    def search(
        self, collections: Sequence[str], vector: "Vectors", limit: int, file_id: str | None
    ) -> list[Place]:
        """See `Finder`."""
        name = f"{_PREFIX}{len(vector)}"
        if not _asked(lambda: self._client.collection_exists(name)):
            return []
        wanted = _filter(collections, file_id=file_id)
        found = _asked(
            lambda: self._client.query_points(
                name, query=vector.tolist(), query_filter=wanted, limit=limit, with_payload=True
            )
        )
        return [Place(p.payload["of"], p.payload["id"], float(p.score)) for p in found.points]

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """See `Finder`."""
        points = [_point(collection, item_id) for item_id in ids]
        for name in self._names() if points else ():
            _asked(partial(self._client.delete, name, points, wait=True))

    def drop(self, collection: str | None) -> None:
        """See `Finder`."""
        from qdrant_client import models  # noqa: PLC0415 -- heavy, and optional

        for name in self._names():
            if collection is None:
                _asked(partial(self._client.delete_collection, name))
            else:
                wanted = models.FilterSelector(filter=_filter([collection]))
                _asked(partial(self._client.delete, name, wanted, wait=True))

    def _names(self) -> list[str]:
        found = _asked(self._client.get_collections)
        return [one.name for one in found.collections if one.name.startswith(_PREFIX)]


def make() -> QdrantFinder:
    """Give a finder over the server that the settings name.

    Raises:
        IndexFailed: Its package is not installed.
    """
    try:
        from qdrant_client import QdrantClient  # noqa: PLC0415 -- heavy, and optional
    except ImportError:
        raise IndexFailed("VECTOR_DB=qdrant needs the package qdrant-client.") from None
    settings = get_settings()
    key = settings.qdrant_api_key or None
    return QdrantFinder(QdrantClient(settings.qdrant_uri, api_key=key, timeout=_TIMEOUT_S))


def _point(collection: str, item_id: str) -> str:
    return str(uuid.uuid5(_SPACE, f"{collection}\n{item_id}"))


def _filter(collections: Sequence[str], file_id: str | None = None) -> Any:
    from qdrant_client import models  # noqa: PLC0415 -- heavy, and optional

    wanted = [models.FieldCondition(key="of", match=models.MatchAny(any=list(collections)))]
    if file_id is not None:
        one = models.MatchValue(value=file_id)
        wanted.append(models.FieldCondition(key="file_id", match=one))
    return models.Filter(must=wanted)


def _asked(call: Callable[[], T]) -> T:
    """Make the library's errors ours: it has no common one."""
    try:
        return call()
    except Unavailable:
        raise
    except Exception as error:  # border: the client raises those of its transports as they come
        raise IndexFailed from error
