"""What finds the text in files: our own reader in a child process, or a server that the options
name.
"""

from importlib import import_module

from shared.config.options import option
from workers.retrieval.base import Extractor

_EXTRACTORS = {
    "": "workers.extraction.own",
    "tika": "workers.extraction.tika",
    "docling": "workers.extraction.docling",
    "document_intelligence": "workers.extraction.document_intelligence",
    "mistral_ocr": "workers.extraction.mistral_ocr",
}


def get_extractor() -> Extractor:
    """Give the extractor of now; admins may change it at any time."""
    made: Extractor = import_module(_EXTRACTORS[option("CONTENT_EXTRACTION_ENGINE")]).make()
    return made
