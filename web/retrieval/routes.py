"""Routes of retrieval."""

from flask import Blueprint

from web.editor import add_editor
from web.retrieval.config import CONFIG, EMBEDDING, RERANKING

bp = Blueprint("retrieval", __name__)

add_editor(bp, EMBEDDING, "/embedding", "/embedding/update")
add_editor(bp, RERANKING, "/reranking", "/reranking/update")
add_editor(bp, CONFIG, "/config", "/config/update")
