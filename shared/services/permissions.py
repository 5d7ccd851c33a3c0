"""Permissions: what users may do who are no admins."""

from typing import Any

DEFAULT: dict[str, dict[str, bool]] = {
    "workspace": dict.fromkeys(("models", "knowledge", "prompts", "tools"), False),
    "sharing": dict.fromkeys(
        ("public_models", "public_knowledge", "public_prompts", "public_tools"), False
    ),
    "chat": {
        **dict.fromkeys(
            (
                "controls",
                "file_upload",
                "delete",
                "edit",
                "stt",
                "tts",
                "call",
                "multiple_models",
                "temporary",
            ),
            True,
        ),
        "temporary_enforced": False,
    },
    "features": {
        "direct_tool_servers": False,
        **dict.fromkeys(("web_search", "image_generation", "code_interpreter"), True),
    },
}


def of_user(_user_id: str) -> dict[str, Any]:
    """Give what a user may do, in the form that pages expect."""
    return DEFAULT
