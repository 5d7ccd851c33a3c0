"""Engines of pictures for tests: one server that speaks for all of them, and who asks it."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.config.options import get_options
from tests.fakes.image_server import FakeImages
from tests.services.caller import Caller

# Of the workflow that makes pictures, and of the one that changes them.
NODES = [
    {"type": "prompt", "key": "text", "node_ids": ["6"]},
    {"type": "width", "key": "width", "node_ids": ["5"]},
    {"type": "n", "key": "", "node_ids": ["5"]},
    {"type": "model", "key": "ckpt_name", "node_ids": ["4"]},
]
EDIT_NODES = [
    {"type": "prompt", "key": "text", "node_ids": ["6"]},
    {"type": "image", "key": "image", "node_ids": ["10"]},
]


@pytest.fixture(scope="session")
def _images() -> Iterator[FakeImages]:
    with FakeImages() as server:
        yield server


@pytest.fixture
def painter(_images: FakeImages, world: Any) -> FakeImages:
    """The server; every engine is configured, `use` chooses one."""
    _images.reset()
    get_options().set(
        {
            "ENABLE_IMAGE_GENERATION": True,
            "IMAGES_OPENAI_API_BASE_URL": f"{_images.url}/v1",
            "IMAGES_OPENAI_API_KEY": _images.key,
            "IMAGES_GEMINI_API_BASE_URL": f"{_images.url}/google",
            "IMAGES_GEMINI_API_KEY": _images.key,
            "AUTOMATIC1111_BASE_URL": _images.url,
            "AUTOMATIC1111_API_AUTH": "user:word",
            "COMFYUI_BASE_URL": _images.url,
            "COMFYUI_WORKFLOW_NODES": NODES,
            "IMAGES_EDIT_COMFYUI_WORKFLOW_NODES": EDIT_NODES,
        }
    )
    return _images


def use(engine: str) -> None:
    """Let an engine make the pictures."""
    get_options().set({"IMAGE_GENERATION_ENGINE": engine})


def upload(caller: Caller, path: str, form: dict[str, Any]) -> Any:
    """Send a form with files."""
    headers = {"Authorization": f"Bearer {caller.token}"}
    client = caller.app.test_client(use_cookies=False)
    return client.post(path, data=form, headers=headers, content_type="multipart/form-data")
