"""Routes of retrieval."""

from typing import Any

from flask import Blueprint
from sqlalchemy import select

from shared import addresses, db
from shared.config.options import option
from shared.kinds.retrieval import EMBED_TEXT, SEARCH_COLLECTIONS, EmbedText, SearchCollections
from shared.models.chunk import Chunk
from shared.models.file import File
from shared.models.knowledge import Knowledge
from shared.queue import Subject
from shared.services import collections, files, indexing, knowledge
from web.api import endpoint
from web.auth import current_user
from web.editor import add_editor
from web.retrieval import processing
from web.retrieval.config import CONFIG, EMBEDDING, RERANKING
from web.retrieval.schemas import (
    AddressForm,
    DeleteForm,
    DeleteResponse,
    FileForm,
    FileProcessed,
    FilesForm,
    FilesProcessed,
    FoundResponse,
    PageProcessed,
    QueriesForm,
    QueryForm,
    StatusResponse,
    TextForm,
    TextProcessed,
    VectorResponse,
    WebSearchForm,
    WebSearchResponse,
)
from web.stream.waiting import ask

bp = Blueprint("retrieval", __name__)

add_editor(bp, EMBEDDING, "/embedding", "/embedding/update")
add_editor(bp, RERANKING, "/reranking", "/reranking/update")
add_editor(bp, CONFIG, "/config", "/config/update")

_PATIENCE_S = 60.0
_BROKEN = {400: "It has no text, cannot be read, or may not be opened", 404: "No such thing"}
_FOUND = {404: "No such collection, or not yours", 503: "The search has not ended in time"}


@bp.get("/")
@endpoint(response=StatusResponse)
def show_status() -> dict[str, Any]:
    """Tell how files are cut and embedded."""
    return {
        "chunk_size": option("CHUNK_SIZE"),
        "chunk_overlap": option("CHUNK_OVERLAP"),
        "template": option("RAG_TEMPLATE"),
        "embedding_engine": option("RAG_EMBEDDING_ENGINE"),
        "embedding_model": option("RAG_EMBEDDING_MODEL"),
        "reranking_model": option("RAG_RERANKING_MODEL"),
        "embedding_batch_size": option("RAG_EMBEDDING_BATCH_SIZE"),
    }


@bp.post("/process/file")
@endpoint(body=FileForm, response=FileProcessed, transaction=None, errors=_BROKEN)
def process_file(body: FileForm) -> dict[str, Any]:
    """Make a file searchable: anew, by another text, or in a knowledge base as well."""
    user = current_user()
    name = processing.process_file(user, body.file_id, body.content, body.collection_name)
    with db.reading():
        file = files.find(user, body.file_id)
        content = files.content_of(file) or ""
    return {"collection_name": name, "filename": file.filename, "content": content}


@bp.post("/process/files/batch")
@endpoint(body=FilesForm, response=FilesProcessed, transaction=None, errors=_BROKEN)
def process_files(body: FilesForm) -> dict[str, Any]:
    """Put files into a knowledge base, each for itself."""
    ids = [str(file.get("id") or "") for file in body.files]
    results = processing.process_files(current_user(), ids, body.collection_name)
    failed = [one for one in results if one["error"] is not None]
    return {"results": results, "errors": failed}


@bp.post("/process/text")
@endpoint(body=TextForm, response=TextProcessed, transaction=None, errors=_BROKEN)
def process_text(body: TextForm) -> dict[str, Any]:
    """Make a text searchable."""
    name = processing.keep_text(current_user(), body.name, body.content, body.collection_name)
    return {"collection_name": name, "content": body.content}


@bp.post("/process/web")
@bp.post("/process/youtube")
@endpoint(body=AddressForm, response=PageProcessed, transaction=None, errors=_BROKEN)
def process_page(body: AddressForm) -> dict[str, Any]:
    """Read a web page, or what is said in a video, and make it searchable."""
    url = addresses.require_web_address(body.url)
    return processing.read_page(current_user(), url, body.collection_name)


@bp.post("/process/web/search")
@endpoint(
    body=WebSearchForm,
    response=WebSearchResponse,
    transaction=None,
    errors={400: "Web search is off, not for you, fails, or finds nothing"},
)
def search_web(body: WebSearchForm) -> dict[str, Any]:
    """Search the web, read what is found and make it searchable."""
    return processing.search_web(current_user(), body.query)


@bp.post("/query/doc")
@endpoint(body=QueryForm, response=FoundResponse, transaction=None, errors=_FOUND)
def query_collection(body: QueryForm) -> dict[str, Any]:
    """Find the chunks of a collection that have to do with a question."""
    return _found(body, [body.collection_name])


@bp.post("/query/collection")
@endpoint(body=QueriesForm, response=FoundResponse, transaction=None, errors=_FOUND)
def query_collections(body: QueriesForm) -> dict[str, Any]:
    """Find the chunks of several collections that have to do with a question."""
    return _found(body, body.collection_names)


def _found(body: QueryForm | QueriesForm, names: list[str]) -> dict[str, Any]:
    user = current_user()
    with db.reading():
        collections.require(user, names)
    payload = SearchCollections(
        user_id=user.id,
        collections=names,
        queries=[body.query],
        limit=body.k,
        best=body.k_reranker,
        threshold=body.r,
        hybrid=body.hybrid,
    )
    return ask(SEARCH_COLLECTIONS, payload, Subject(user.id), _PATIENCE_S)


@bp.get("/ef/<text>")
@endpoint(response=VectorResponse, transaction=None)
def show_vector(text: str) -> dict[str, Any]:
    """Give the vector of a text, as a sign that embedding works."""
    return ask(EMBED_TEXT, EmbedText(text=text), Subject(current_user().id), _PATIENCE_S)


@bp.post("/delete")
@endpoint(body=DeleteForm, response=DeleteResponse, who="admin")
def delete_from_collection(body: DeleteForm) -> DeleteResponse:
    """Let a collection lose what it has of a file."""
    indexing.clean_up(parts=[(body.collection_name, body.file_id)])
    return DeleteResponse(status=True)


@bp.post("/reset/db")
@endpoint(who="admin")
def reset_vectors() -> None:
    """Delete all vectors and all knowledge bases; files stay."""
    for one in db.session().scalars(select(Knowledge)):
        knowledge.remove(one)
    indexing.clean_up(collections=db.session().scalars(select(Chunk.collection).distinct()).all())


@bp.post("/reset/uploads")
@endpoint(response=bool, who="admin")
def reset_uploads() -> bool:
    """Delete the bytes of all uploads; what was found in them stays."""
    indexing.clean_up(objects=db.session().scalars(select(File.key)).all())
    return True
