"""Options of making images."""

import json
from typing import Any, Literal

from shared.config.options.base import Option
from shared.config.options.connections import OPENAI_URL, openai_key_for
from shared.config.options.shapes import AtLeastZero, OptionalNumber, OptionalText

_Engine = Literal["", "openai", "gemini", "comfyui", "automatic1111"]

# ComfyUI's API form of its own first example: text to image, one picture. Node numbers are free.
_WORKFLOW: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 0,
            "steps": 20,
            "cfg": 8,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "model.safetensors"}},
    "5": {
        "class_type": "EmptyLatentImage",
        "inputs": {"width": 512, "height": 512, "batch_size": 1},
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {
        "class_type": "SaveImage",
        "inputs": {"filename_prefix": "Switchyard", "images": ["8", 0]},
    },
}
# The same, but from a picture (node 10) in place of an empty one.
_CHANGES: dict[str, Any] = {
    **{number: node for number, node in _WORKFLOW.items() if number != "5"},
    "3": {
        **_WORKFLOW["3"],
        "inputs": {**_WORKFLOW["3"]["inputs"], "latent_image": ["11", 0], "denoise": 0.75},
    },
    "10": {"class_type": "LoadImage", "inputs": {"image": ""}},
    "11": {"class_type": "VAEEncode", "inputs": {"pixels": ["10", 0], "vae": ["4", 2]}},
}


def _made(name: str, key: str, default: Any, **more: Any) -> Option:
    return Option(name, f"image_generation.{key}", default, **more)


IMAGES = (
    _made("IMAGE_GENERATION_ENGINE", "engine", "openai", kind=_Engine),
    _made("ENABLE_IMAGE_GENERATION", "enable", False),
    _made("ENABLE_IMAGE_PROMPT_GENERATION", "prompt.enable", True),
    _made("AUTOMATIC1111_BASE_URL", "automatic1111.base_url", ""),
    _made("AUTOMATIC1111_API_AUTH", "automatic1111.api_auth", "", is_secret=True),
    _made("AUTOMATIC1111_CFG_SCALE", "automatic1111.cfg_scale", None, kind=OptionalNumber),
    _made("AUTOMATIC1111_SAMPLER", "automatic1111.sampler", None, kind=OptionalText),
    _made("AUTOMATIC1111_SCHEDULER", "automatic1111.scheduler", None, kind=OptionalText),
    _made("COMFYUI_BASE_URL", "comfyui.base_url", ""),
    _made("COMFYUI_API_KEY", "comfyui.api_key", "", is_secret=True),
    _made("COMFYUI_WORKFLOW", "comfyui.workflow", json.dumps(_WORKFLOW, indent=2)),
    _made("COMFYUI_WORKFLOW_NODES", "comfyui.nodes", [], kind=list[dict[str, Any]]),
    Option(
        "IMAGES_EDIT_COMFYUI_WORKFLOW",
        "images.edit.comfyui.workflow",
        json.dumps(_CHANGES, indent=2),
    ),
    Option(
        "IMAGES_EDIT_COMFYUI_WORKFLOW_NODES",
        "images.edit.comfyui.nodes",
        [],
        kind=list[dict[str, Any]],
    ),
    _made("IMAGES_OPENAI_API_BASE_URL", "openai.api_base_url", OPENAI_URL),
    _made(
        "IMAGES_OPENAI_API_KEY",
        "openai.api_key",
        "",
        follows=openai_key_for("IMAGES_OPENAI_API_BASE_URL"),
        is_secret=True,
    ),
    _made(
        "IMAGES_GEMINI_API_BASE_URL",
        "gemini.api_base_url",
        "",
        env=("IMAGES_GEMINI_API_BASE_URL", "GEMINI_API_BASE_URL"),
    ),
    _made(
        "IMAGES_GEMINI_API_KEY",
        "gemini.api_key",
        "",
        env=("IMAGES_GEMINI_API_KEY", "GEMINI_API_KEY"),
        is_secret=True,
    ),
    _made("IMAGE_SIZE", "size", "512x512"),
    _made("IMAGE_STEPS", "steps", 50, kind=AtLeastZero),
    _made("IMAGE_GENERATION_MODEL", "model", ""),
)
