"""The editors of retrieval and web search."""

from typing import Any

from shared.config.options import option
from shared.errors import Invalid
from shared.kinds.retrieval import TRY_RERANKER, TryReranker
from shared.model_folders import folder_of
from shared.queue import Subject
from web.auth import current_user
from web.editor import Editor, Fields, Group, Null, Of, named_alike
from web.stream.waiting import ask

# A large model takes its time to be loaded.
_PATIENCE_S = 60.0
_MODULE = "web.retrieval.schemas"
_STATUS = {"status": True}
_ASKED_SERVERS = ("openai", "ollama")


def _of_engine(values: dict[str, Any]) -> dict[str, Any]:
    """Leave alone what only other servers need, while none of them embeds."""
    if values["RAG_EMBEDDING_ENGINE"] in _ASKED_SERVERS:
        return values
    own = ("RAG_EMBEDDING_ENGINE", "RAG_EMBEDDING_MODEL")
    return {name: value for name, value in values.items() if name in own}


def _server(url: str, key: str) -> Group:
    return Group({"url": Of(url), "key": Of(key)}, is_required=False)


EMBEDDING = Editor(
    name="embedding",
    about="how texts are embedded",
    module=_MODULE,
    fields={
        "embedding_engine": Of("RAG_EMBEDDING_ENGINE", also="RAG_EMBEDDING_ENGINE"),
        "embedding_model": Of("RAG_EMBEDDING_MODEL", also="RAG_EMBEDDING_MODEL"),
        "embedding_batch_size": Of(
            "RAG_EMBEDDING_BATCH_SIZE",
            is_required=False,
            null=Null.UNCHANGED,
            also="RAG_EMBEDDING_BATCH_SIZE",
        ),
        "openai_config": _server("RAG_OPENAI_API_BASE_URL", "RAG_OPENAI_API_KEY"),
        "ollama_config": _server("RAG_OLLAMA_BASE_URL", "RAG_OLLAMA_API_KEY"),
    },
    constant=_STATUS,
    before=_of_engine,
)


def _tried(values: dict[str, Any]) -> dict[str, Any]:
    """Refuse a model that nobody could ask: a new one of this server has to show that it works."""
    url = values.get("RAG_EXTERNAL_RERANKER_URL", option("RAG_EXTERNAL_RERANKER_URL"))
    model = values["RAG_RERANKING_MODEL"]
    if url or model in ("", option("RAG_RERANKING_MODEL")):
        return values
    if folder_of(model) is None:
        raise Invalid(
            f"'{model}' is no model of this server. Put its model.onnx and tokenizer.json into "
            f"DATA_DIR/models/{model}, set RAG_EXTERNAL_RERANKER_URL to a server that has it, or "
            "leave the model empty."
        )
    ask(TRY_RERANKER, TryReranker(model=model), Subject(current_user().id), _PATIENCE_S)
    return values


RERANKING = Editor(
    name="reranking",
    about="the model that orders what was found",
    module=_MODULE,
    fields={
        "reranking_model": Of("RAG_RERANKING_MODEL"),
        **named_alike(
            "RAG_EXTERNAL_RERANKER_URL",
            "RAG_EXTERNAL_RERANKER_API_KEY",
            is_required=False,
            null=Null.UNCHANGED,
        ),
    },
    constant=_STATUS,
    before=_tried,
    refuses="Neither a server nor a model on this one orders texts again",
)


def _optional(*names: str) -> Fields:
    return named_alike(*names, is_required=False, null=Null.UNCHANGED)


def _of_rag(*names: str, null: Null = Null.UNCHANGED) -> Fields:
    return {name: Of(f"RAG_{name}", is_required=False, null=null) for name in names}


_WEB = (
    "ENABLE_WEB_SEARCH",
    "WEB_SEARCH_ENGINE",
    "WEB_SEARCH_TRUST_ENV",
    "WEB_SEARCH_RESULT_COUNT",
    "WEB_SEARCH_CONCURRENT_REQUESTS",
    "WEB_SEARCH_DOMAIN_FILTER_LIST",
    "BYPASS_WEB_SEARCH_EMBEDDING_AND_RETRIEVAL",
    "SEARXNG_QUERY_URL",
    "GOOGLE_PSE_API_KEY",
    "GOOGLE_PSE_ENGINE_ID",
    "BRAVE_SEARCH_API_KEY",
    "KAGI_SEARCH_API_KEY",
    "MOJEEK_SEARCH_API_KEY",
    "BOCHA_SEARCH_API_KEY",
    "SERPSTACK_API_KEY",
    "SERPSTACK_HTTPS",
    "SERPER_API_KEY",
    "SERPLY_API_KEY",
    "TAVILY_API_KEY",
    "SEARCHAPI_API_KEY",
    "SEARCHAPI_ENGINE",
    "SERPAPI_API_KEY",
    "SERPAPI_ENGINE",
    "JINA_API_KEY",
    "BING_SEARCH_V7_ENDPOINT",
    "BING_SEARCH_V7_SUBSCRIPTION_KEY",
    "EXA_API_KEY",
    "PERPLEXITY_API_KEY",
    "SOUGOU_API_SID",
    "SOUGOU_API_SK",
    "WEB_LOADER_ENGINE",
    "ENABLE_WEB_LOADER_SSL_VERIFICATION",
    "PLAYWRIGHT_WS_URL",
    "PLAYWRIGHT_TIMEOUT",
    "FIRECRAWL_API_KEY",
    "FIRECRAWL_API_BASE_URL",
    "TAVILY_EXTRACT_DEPTH",
    "YOUTUBE_LOADER_LANGUAGE",
    "YOUTUBE_LOADER_PROXY_URL",
    "YOUTUBE_LOADER_TRANSLATION",
)

CONFIG = Editor(
    name="config",
    about="how files and pages are read, cut and searched",
    module=_MODULE,
    fields={
        **_optional(
            "RAG_TEMPLATE",
            "BYPASS_EMBEDDING_AND_RETRIEVAL",
            "RAG_FULL_CONTEXT",
            "ENABLE_RAG_HYBRID_SEARCH",
            "CONTENT_EXTRACTION_ENGINE",
            "PDF_EXTRACT_IMAGES",
            "TIKA_SERVER_URL",
            "DOCLING_SERVER_URL",
            "DOCUMENT_INTELLIGENCE_ENDPOINT",
            "DOCUMENT_INTELLIGENCE_KEY",
            "MISTRAL_OCR_API_KEY",
            "RAG_EXTERNAL_RERANKER_URL",
            "RAG_EXTERNAL_RERANKER_API_KEY",
            "CHUNK_SIZE",
            "CHUNK_OVERLAP",
            "ENABLE_GOOGLE_DRIVE_INTEGRATION",
            "ENABLE_ONEDRIVE_INTEGRATION",
        ),
        **_of_rag("TOP_K", "TOP_K_RERANKER", "RELEVANCE_THRESHOLD", "TEXT_SPLITTER"),
        # Null lifts a limit: it is what the page sends for a field that was cleared.
        **_of_rag("FILE_MAX_SIZE", "FILE_MAX_COUNT", null=Null.FORGOTTEN),
        "web": Group(named_alike(*_WEB, is_required=False, null=Null.FORGOTTEN), is_required=False),
    },
    constant=_STATUS,
)
