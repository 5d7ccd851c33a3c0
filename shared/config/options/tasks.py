"""Options of the small tasks around a chat: titles, tags, queries and the like."""

from typing import Annotated

from pydantic import Field

from shared.config.options.base import Option

TASKS = (
    Option("TASK_MODEL", "task.model.default", ""),
    Option("TASK_MODEL_EXTERNAL", "task.model.external", ""),
    Option("TITLE_GENERATION_PROMPT_TEMPLATE", "task.title.prompt_template", ""),
    Option("TAGS_GENERATION_PROMPT_TEMPLATE", "task.tags.prompt_template", ""),
    Option("IMAGE_PROMPT_GENERATION_PROMPT_TEMPLATE", "task.image.prompt_template", ""),
    Option("ENABLE_TAGS_GENERATION", "task.tags.enable", True),
    Option("ENABLE_TITLE_GENERATION", "task.title.enable", True),
    Option("ENABLE_SEARCH_QUERY_GENERATION", "task.query.search.enable", True),
    Option("ENABLE_RETRIEVAL_QUERY_GENERATION", "task.query.retrieval.enable", True),
    Option("QUERY_GENERATION_PROMPT_TEMPLATE", "task.query.prompt_template", ""),
    Option("ENABLE_AUTOCOMPLETE_GENERATION", "task.autocomplete.enable", False),
    Option(
        "AUTOCOMPLETE_GENERATION_INPUT_MAX_LENGTH",
        "task.autocomplete.input_max_length",
        -1,
        kind=Annotated[int, Field(ge=-1)],
    ),
    Option("AUTOCOMPLETE_GENERATION_PROMPT_TEMPLATE", "task.autocomplete.prompt_template", ""),
    # Not of 0.6.5; named as its successors name them.
    Option("ENABLE_FOLLOW_UP_GENERATION", "task.follow_up.enable", True),
    Option("FOLLOW_UP_GENERATION_PROMPT_TEMPLATE", "task.follow_up.prompt_template", ""),
    Option("TOOLS_FUNCTION_CALLING_PROMPT_TEMPLATE", "task.tools.prompt_template", ""),
)
