"""Routes of evaluations."""

from flask import Blueprint

from web.editor import Editor, Null, add_editor, named_alike

bp = Blueprint("evaluations", __name__)

_CONFIG = Editor(
    name="config",
    about="the arena",
    module="web.evaluations.schemas",
    fields=named_alike(
        "ENABLE_EVALUATION_ARENA_MODELS",
        "EVALUATION_ARENA_MODELS",
        is_required=False,
        null=Null.UNCHANGED,
    ),
)

add_editor(bp, _CONFIG, "/config")
