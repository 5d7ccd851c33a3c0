"""Forms and answers of retrieval."""

from typing import Any

from pydantic import ConfigDict, Field

from shared.schema import Schema

_NO_NUL = r"^[^\x00]*$"
_MAX_TEXT = 2_000_000


def _collection() -> Any:
    return Field(None, min_length=1, max_length=255, pattern=_NO_NUL)


class StatusResponse(Schema):
    """How files are cut and embedded."""

    status: bool = True
    chunk_size: int
    chunk_overlap: int
    template: str
    embedding_engine: str
    embedding_model: str
    reranking_model: str
    embedding_batch_size: int


class FileForm(Schema):
    """A file to be made searchable."""

    file_id: str
    content: str | None = Field(None, description="Another text for it.", max_length=_MAX_TEXT)
    collection_name: str | None = Field(
        None, description="A knowledge base that is to hold it.", max_length=255
    )


class FileProcessed(Schema):
    """A file that is searched from now on."""

    status: bool = True
    collection_name: str | None
    filename: str
    content: str


class FilesForm(Schema):
    """Files for a knowledge base; of each only its `id` counts."""

    files: list[dict[str, Any]] = Field(max_length=1000)
    collection_name: str


class FileResult(Schema):
    """What came of one file."""

    file_id: str
    status: str
    error: str | None = None


class FilesProcessed(Schema):
    """What came of each file."""

    results: list[FileResult]
    errors: list[FileResult]


class TextForm(Schema):
    """A text to be made searchable."""

    name: str = Field(max_length=1000)
    content: str = Field(max_length=_MAX_TEXT)
    collection_name: str | None = _collection()


class TextProcessed(Schema):
    """A text that is searched from now on."""

    status: bool = True
    collection_name: str
    content: str


class AddressForm(Schema):
    """A page, or a video, to be read and made searchable."""

    url: str = Field(max_length=8000)
    collection_name: str | None = _collection()


class PageProcessed(Schema):
    """A page that is searched from now on; `file` has its text in the form of a file."""

    status: bool = True
    collection_name: str | None
    filename: str
    file: dict[str, Any]


class WebSearchForm(Schema):
    """What to search the web for."""

    query: str = Field(min_length=1, max_length=2000)


class WebSearchResponse(Schema):
    """What was found: pages in collections or, where nothing is embedded, their texts."""

    model_config = ConfigDict(extra="allow")

    status: bool = True
    collection_name: str | None = None
    collection_names: list[str] | None = None
    filenames: list[str]
    docs: list[dict[str, Any]] | None = None
    loaded_count: int


class _Search(Schema):
    query: str = Field(min_length=1, max_length=20_000)
    k: int | None = Field(None, ge=1, le=1000, description="How many chunks are wanted.")
    k_reranker: int | None = Field(None, ge=1, le=1000)
    r: float | None = Field(None, ge=0, le=1, description="The least likeness.")
    hybrid: bool | None = Field(None, description="Whether words count as well.")


class QueryForm(_Search):
    """A question to one collection."""

    collection_name: str = Field(max_length=255, pattern=_NO_NUL)


class QueriesForm(_Search):
    """A question to several collections."""

    collection_names: list[str] = Field(min_length=1, max_length=200)


class FoundResponse(Schema):
    """Chunks, best first, in one list for the one question; `distances` are likenesses, 0 to 1."""

    ids: list[list[str]]
    documents: list[list[str]]
    metadatas: list[list[dict[str, Any]]]
    distances: list[list[float]]


class DeleteForm(Schema):
    """A file that a collection is to lose."""

    collection_name: str
    file_id: str


class DeleteResponse(Schema):
    """That it was ordered."""

    status: bool


class VectorResponse(Schema):
    """The vector of a text."""

    result: list[float]
