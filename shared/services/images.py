"""Pictures: who may have them made, and what has to be configured."""

from shared.config.options import option
from shared.errors import Invalid
from shared.services import permissions
from shared.services.accounts import Principal

DEFAULT_ENGINE = "automatic1111"
_NEEDS = {
    "openai": ("IMAGES_OPENAI_API_BASE_URL",),
    "gemini": ("IMAGES_GEMINI_API_BASE_URL", "IMAGES_GEMINI_API_KEY"),
    "comfyui": ("COMFYUI_BASE_URL",),
    "automatic1111": ("AUTOMATIC1111_BASE_URL",),
}
_OPENAI_HOST = "://api.openai.com/"


def engine() -> str:
    """Name the engine that makes pictures.

    Raises:
        Invalid: It lacks an option; the message names it.
    """
    name = option("IMAGE_GENERATION_ENGINE") or DEFAULT_ENGINE
    missing = [need for need in _NEEDS[name] if not option(need)]
    if name == "openai" and not missing and _is_keyless():
        missing = ["IMAGES_OPENAI_API_KEY"]
    if missing:
        raise Invalid(
            f"No pictures can be made: the engine '{name}' (IMAGE_GENERATION_ENGINE) needs "
            f"{' and '.join(missing)}."
        )
    return str(name)


def _is_keyless() -> bool:
    is_openai = _OPENAI_HOST in f"{option('IMAGES_OPENAI_API_BASE_URL')}/"
    return is_openai and not option("IMAGES_OPENAI_API_KEY")


def require(user: Principal) -> None:
    """Let pass only who may have pictures made, if they can be made.

    Raises:
        Forbidden: The user may not.
        Invalid: They are switched off, or no engine is configured.
    """
    permissions.require(user, "features", "image_generation")
    if not option("ENABLE_IMAGE_GENERATION"):
        raise Invalid("No pictures are made here: ENABLE_IMAGE_GENERATION is off.")
    engine()
