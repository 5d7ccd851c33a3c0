"""The editor of the small tasks around a chat."""

from flask import Blueprint

from web.editor import Editor, Null, add_editor, named_alike

bp = Blueprint("tasks_v1", __name__)

_CONFIG = Editor(
    name="config",
    about="titles, tags and other small tasks",
    module="web.tasks.schemas",
    fields={
        **named_alike("TASK_MODEL", "TASK_MODEL_EXTERNAL", null=Null.FORGOTTEN),
        **named_alike(
            "ENABLE_TITLE_GENERATION",
            "TITLE_GENERATION_PROMPT_TEMPLATE",
            "IMAGE_PROMPT_GENERATION_PROMPT_TEMPLATE",
            "ENABLE_AUTOCOMPLETE_GENERATION",
            "AUTOCOMPLETE_GENERATION_INPUT_MAX_LENGTH",
            "TAGS_GENERATION_PROMPT_TEMPLATE",
            "ENABLE_TAGS_GENERATION",
            "ENABLE_SEARCH_QUERY_GENERATION",
            "ENABLE_RETRIEVAL_QUERY_GENERATION",
            "QUERY_GENERATION_PROMPT_TEMPLATE",
            "TOOLS_FUNCTION_CALLING_PROMPT_TEMPLATE",
        ),
        # Older pages do not know of these.
        **named_alike(
            "AUTOCOMPLETE_GENERATION_PROMPT_TEMPLATE",
            "ENABLE_FOLLOW_UP_GENERATION",
            "FOLLOW_UP_GENERATION_PROMPT_TEMPLATE",
            is_required=False,
            null=Null.UNCHANGED,
        ),
    },
)

add_editor(bp, _CONFIG, "/config", "/config/update", who_reads="member")
