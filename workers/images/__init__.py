"""Pictures, made by engines that admins have configured; there is none of our own."""

from collections.abc import Callable
from importlib import import_module

from shared.services import images
from workers.images.base import Painter

_PAINTERS = {
    name: f"workers.images.{name}" for name in ("openai", "gemini", "comfyui", "automatic1111")
}


def get_painter() -> Painter:
    """Give the engine of now: admins may change it at any time.

    Raises:
        Invalid: It lacks an option.
    """
    make: Callable[[], Painter] = import_module(_PAINTERS[images.engine()]).make
    return make()
