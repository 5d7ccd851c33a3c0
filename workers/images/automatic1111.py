"""AUTOMATIC1111's Stable Diffusion web UI makes pictures.

Source: https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/API and its `/docs`
"""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from shared.config.options import option
from shared.errors import Invalid, SwitchyardError
from workers import servers
from workers.images.base import Easel, Order, decoded, unknown_form, waited

_LONGEST_S = 1800.0


class Automatic1111Painter:
    """See `Painter`."""

    def __init__(self) -> None:
        self._url = option("AUTOMATIC1111_BASE_URL").rstrip("/") + "/sdapi/v1"
        given = option("AUTOMATIC1111_API_AUTH")
        basic = b64encode(given.encode()).decode("ascii")
        self._headers = {"authorization": f"Basic {basic}"} if given else {}

    def paint(self, order: Order, easel: Easel) -> Iterator[bytes]:
        """See `Painter`."""
        if order.varies:
            raise Invalid(
                "The engine 'automatic1111' makes no variations: set "
                "IMAGE_GENERATION_ENGINE to openai."
            )
        place = "img2img" if order.sources else "txt2img"
        try:
            answer = waited(
                lambda: self._ask(place, _body(order), _LONGEST_S), lambda: self._tell(easel)
            )
        except SwitchyardError:
            self._interrupt()
            raise
        pictures = answer.get("images") if isinstance(answer, dict) else None
        if not isinstance(pictures, list):
            raise unknown_form()
        # A batch has a contact sheet in front of its pictures when the server is set so.
        for picture in pictures[-order.count :]:
            yield decoded(picture)

    def _ask(self, place: str, body: Any = None, timeout_s: float = 10.0) -> Any:
        url = f"{self._url}/{place}"
        return servers.ask(url, body, headers=self._headers, timeout_s=timeout_s)

    def _tell(self, easel: Easel) -> None:
        easel.check()
        try:
            told = self._ask("progress?skip_current_image=false")
        except SwitchyardError:
            return  # the picture itself will tell whether the server is away
        preview = told.get("current_image")
        shown = ("image/png", decoded(preview)) if preview else None
        easel.tell(100 * float(told.get("progress") or 0), shown)

    def _interrupt(self) -> None:
        with suppress(SwitchyardError):  # it may be the server that is away
            self._ask("interrupt", {})

    def models(self) -> list[dict[str, str]]:
        """See `Painter`."""
        found = self._ask("sd-models")
        return [{"id": str(one["title"]), "name": str(one["model_name"])} for one in found]

    def check(self) -> None:
        """See `Painter`."""
        self._ask("options")


def make() -> Automatic1111Painter:
    """Give the engine that the options describe."""
    return Automatic1111Painter()


def _body(order: Order) -> dict[str, Any]:
    width, height = order.pixels()
    options = {
        "cfg_scale": option("AUTOMATIC1111_CFG_SCALE"),
        "sampler_name": option("AUTOMATIC1111_SAMPLER"),
        "scheduler": option("AUTOMATIC1111_SCHEDULER"),
        "steps": order.steps or None,
        "override_settings": {"sd_model_checkpoint": order.model} if order.model else None,
        "init_images": [b64encode(one).decode("ascii") for one in order.sources] or None,
        "mask": b64encode(order.mask).decode("ascii") if order.mask else None,
    }
    return {
        "prompt": order.prompt,
        "negative_prompt": order.negative_prompt,
        "batch_size": order.count,
        "width": width,
        "height": height,
        **{name: value for name, value in options.items() if value is not None},
    }
