"""The editors of images."""

import re
from typing import Any

from web.editor import Editor, Group, Null, Of, named_alike
from web.errors import Status

_SIZE = re.compile(r"\d+x\d+")

CONFIG = Editor(
    name="config",
    about="who makes images",
    module="web.images.schemas",
    fields={
        "enabled": Of("ENABLE_IMAGE_GENERATION"),
        "engine": Of("IMAGE_GENERATION_ENGINE"),
        "prompt_generation": Of("ENABLE_IMAGE_PROMPT_GENERATION"),
        "openai": Group(
            {name: Of(f"IMAGES_{name}") for name in ("OPENAI_API_BASE_URL", "OPENAI_API_KEY")}
        ),
        "automatic1111": Group(
            {
                **named_alike("AUTOMATIC1111_BASE_URL", "AUTOMATIC1111_API_AUTH"),
                **named_alike(
                    "AUTOMATIC1111_CFG_SCALE",
                    "AUTOMATIC1111_SAMPLER",
                    "AUTOMATIC1111_SCHEDULER",
                    null=Null.FORGOTTEN,
                ),
            }
        ),
        "comfyui": Group(
            {
                **named_alike(
                    "COMFYUI_BASE_URL",
                    "COMFYUI_API_KEY",
                    "COMFYUI_WORKFLOW",
                    "COMFYUI_WORKFLOW_NODES",
                ),
                # Older clients do not know how pictures are changed.
                **named_alike(
                    "IMAGES_EDIT_COMFYUI_WORKFLOW",
                    "IMAGES_EDIT_COMFYUI_WORKFLOW_NODES",
                    is_required=False,
                ),
            }
        ),
        "gemini": Group(
            {name: Of(f"IMAGES_{name}") for name in ("GEMINI_API_BASE_URL", "GEMINI_API_KEY")}
        ),
    },
)


def _possible(values: dict[str, Any]) -> dict[str, Any]:
    # 400 where other routes answer 422: so it stands in the contract.
    if not _SIZE.fullmatch(values["IMAGE_SIZE"]):
        raise Status(400, "The size has to be width x height in pixels (e.g., 512x512).")
    if values["IMAGE_STEPS"] < 0:
        raise Status(400, "The number of steps cannot be negative (e.g., 50).")
    return values


IMAGE = Editor(
    name="image_config",
    about="what images are made like",
    module="web.images.schemas",
    fields={
        "MODEL": Of("IMAGE_GENERATION_MODEL"),
        "IMAGE_SIZE": Of("IMAGE_SIZE"),
        "IMAGE_STEPS": Of("IMAGE_STEPS", form=int),
    },
    before=_possible,
    refuses="The size or the number of steps cannot be used",
)
