"""Options of files, their text, and finding in it what an answer needs."""

from typing import Literal

from shared.config.options.base import Option, divided_by
from shared.config.options.connections import OPENAI_URL, ollama_url, openai_key_for
from shared.config.options.shapes import AtLeastZero, Count, OptionalCount, OptionalText

_Extraction = Literal["", "tika", "docling", "document_intelligence", "mistral_ocr"]
_Embedding = Literal["", "ollama", "openai"]
_Splitter = Literal["", "character", "token", "markdown"]

RETRIEVAL = (
    Option("ENABLE_GOOGLE_DRIVE_INTEGRATION", "google_drive.enable", False),
    Option("GOOGLE_DRIVE_CLIENT_ID", "google_drive.client_id", ""),
    # The page's file picker runs in the browser, so /api/config tells members this key.
    Option("GOOGLE_DRIVE_API_KEY", "google_drive.api_key", "", is_secret=True),
    Option("ENABLE_ONEDRIVE_INTEGRATION", "onedrive.enable", False),
    Option("ONEDRIVE_CLIENT_ID", "onedrive.client_id", ""),
    Option("CONTENT_EXTRACTION_ENGINE", "rag.CONTENT_EXTRACTION_ENGINE", "", kind=_Extraction),
    Option("TIKA_SERVER_URL", "rag.tika_server_url", "http://tika:9998"),
    Option("DOCLING_SERVER_URL", "rag.docling_server_url", "http://docling:5001"),
    Option("DOCUMENT_INTELLIGENCE_ENDPOINT", "rag.document_intelligence_endpoint", ""),
    Option("DOCUMENT_INTELLIGENCE_KEY", "rag.document_intelligence_key", "", is_secret=True),
    Option("MISTRAL_OCR_API_KEY", "rag.mistral_ocr_api_key", "", is_secret=True),
    Option("BYPASS_EMBEDDING_AND_RETRIEVAL", "rag.bypass_embedding_and_retrieval", False),
    Option("RAG_TOP_K", "rag.top_k", 3, kind=Count),
    Option("RAG_TOP_K_RERANKER", "rag.top_k_reranker", 3, kind=Count),
    Option("RAG_RELEVANCE_THRESHOLD", "rag.relevance_threshold", 0.0),
    Option("ENABLE_RAG_HYBRID_SEARCH", "rag.enable_hybrid_search", False),
    Option("RAG_FULL_CONTEXT", "rag.full_context", False),
    Option("RAG_FILE_MAX_COUNT", "rag.file.max_count", None, kind=OptionalCount),
    Option("RAG_FILE_MAX_SIZE", "rag.file.max_size", None, kind=OptionalCount),
    Option("RAG_EMBEDDING_ENGINE", "rag.embedding_engine", "", kind=_Embedding),
    Option("PDF_EXTRACT_IMAGES", "rag.pdf_extract_images", False),
    Option("RAG_EMBEDDING_MODEL", "rag.embedding_model", "sentence-transformers/all-MiniLM-L6-v2"),
    Option(
        "RAG_EMBEDDING_BATCH_SIZE",
        "rag.embedding_batch_size",
        1,
        kind=Count,
        env=("RAG_EMBEDDING_BATCH_SIZE", "RAG_EMBEDDING_OPENAI_BATCH_SIZE"),
    ),
    Option("RAG_RERANKING_MODEL", "rag.reranking_model", ""),
    Option("RAG_EXTERNAL_RERANKER_URL", "rag.external_reranker_url", ""),
    Option("RAG_EXTERNAL_RERANKER_API_KEY", "rag.external_reranker_api_key", "", is_secret=True),
    Option("RAG_TEXT_SPLITTER", "rag.text_splitter", "", kind=_Splitter),
    Option("TIKTOKEN_ENCODING_NAME", "rag.tiktoken_encoding_name", "cl100k_base"),
    Option("CHUNK_SIZE", "rag.chunk_size", 1000, kind=Count),
    Option("CHUNK_OVERLAP", "rag.chunk_overlap", 100, kind=AtLeastZero),
    Option("RAG_TEMPLATE", "rag.template", ""),
    Option("RAG_OPENAI_API_BASE_URL", "rag.openai_api_base_url", OPENAI_URL),
    Option(
        "RAG_OPENAI_API_KEY",
        "rag.openai_api_key",
        "",
        follows=openai_key_for("RAG_OPENAI_API_BASE_URL"),
        is_secret=True,
    ),
    Option("RAG_OLLAMA_BASE_URL", "rag.ollama.url", "", follows=ollama_url),
    Option("RAG_OLLAMA_API_KEY", "rag.ollama.key", "", is_secret=True),
    Option(
        "YOUTUBE_LOADER_LANGUAGE",
        "rag.youtube_loader_language",
        ["en"],
        kind=list[str],
        parse=divided_by(","),
    ),
    Option("YOUTUBE_LOADER_PROXY_URL", "rag.youtube_loader_proxy_url", ""),
    Option(
        "YOUTUBE_LOADER_TRANSLATION",
        "rag.youtube_loader_translation",
        None,
        kind=OptionalText,
    ),
)
