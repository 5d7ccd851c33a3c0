"""Options of the server as a whole and of what its page shows."""

from typing import Literal

from shared.config.options.base import Option
from shared.config.options.shapes import (
    ArenaModel,
    Banner,
    OptionalText,
    Suggestion,
)

_SUGGESTIONS = [
    {
        "title": ["Explain a hard idea", "in words for a beginner"],
        "content": "Explain how a vaccine works to someone who never studied biology.",
    },
    {
        "title": ["Plan a week", "of simple dinners"],
        "content": "Plan five quick vegetarian dinners for two people, with one shopping list.",
    },
    {
        "title": ["Find the mistake", "in a piece of code"],
        "content": "I will paste a function. Tell me what is wrong with it and how to test that.",
    },
    {
        "title": ["Shorten a text", "and keep its meaning"],
        "content": "Shorten the text that I send next to half its length without losing facts.",
    },
    {
        "title": ["Practise a language", "in a short talk"],
        "content": "Let us talk in simple Spanish. Correct my mistakes after each of my answers.",
    },
    {
        "title": ["Compare two choices", "before I decide"],
        "content": "Ask me about two options that I hesitate between, then compare them.",
    },
    {
        "title": ["Write a difficult letter", "politely and clearly"],
        "content": "Help me to write to my landlord: the heating has not worked for a week.",
    },
]

GENERAL = (
    Option("WEBUI_URL", "webui.url", "http://localhost:8080"),
    Option("ENABLE_SIGNUP", "ui.enable_signup", True),
    Option("ENABLE_LOGIN_FORM", "ui.ENABLE_LOGIN_FORM", True),
    Option("DEFAULT_LOCALE", "ui.default_locale", ""),
    Option("DEFAULT_MODELS", "ui.default_models", None, kind=OptionalText),
    Option(
        "DEFAULT_PROMPT_SUGGESTIONS",
        "ui.prompt_suggestions",
        _SUGGESTIONS,
        kind=list[Suggestion],
    ),
    Option("MODEL_ORDER_LIST", "ui.model_order_list", [], kind=list[str]),
    Option(
        "DEFAULT_USER_ROLE",
        "ui.default_user_role",
        "pending",
        kind=Literal["pending", "user", "admin"],
    ),
    Option("ENABLE_CHANNELS", "channels.enable", False),
    Option("ENABLE_EVALUATION_ARENA_MODELS", "evaluation.arena.enable", True),
    Option("EVALUATION_ARENA_MODELS", "evaluation.arena.models", [], kind=list[ArenaModel]),
    Option("WEBHOOK_URL", "webhook_url", ""),
    Option("ENABLE_COMMUNITY_SHARING", "ui.enable_community_sharing", True),
    Option("ENABLE_MESSAGE_RATING", "ui.enable_message_rating", True),
    Option("ENABLE_USER_WEBHOOKS", "ui.enable_user_webhooks", True),
    Option("WEBUI_BANNERS", "ui.banners", [], kind=list[Banner]),
)
