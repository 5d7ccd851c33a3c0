"""ComfyUI's workflows, filled with what is wanted where a mapping says.

There are two: from words, and from other pictures. Source: https://docs.comfy.org (API format).
"""

import json
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from shared.config.options import option
from shared.errors import Invalid
from workers.images.base import Order

# What a mapping of a type sets when it names no input.
_KEYS = {
    "prompt": "text",
    "negative_prompt": "text",
    "model": "ckpt_name",
    "width": "width",
    "height": "height",
    "steps": "steps",
    "seed": "seed",
    "n": "batch_size",
    "image": "image",
    "mask": "image",
}
_LARGEST_SEED = 2**48


def filled(order: Order, sources: Sequence[str] = (), mask: str | None = None) -> dict[str, Any]:
    """Put an order into the configured workflow, where the mapping says.

    Args:
        sources: Names of the pictures to be changed among the server's inputs; each goes to one
            node.
        mask: Name of the mask there.

    Raises:
        Invalid: Order, workflow and mapping do not fit each other; the message names the options.
    """
    name = "IMAGES_EDIT_COMFYUI_WORKFLOW" if order.sources else "COMFYUI_WORKFLOW"
    workflow, nodes = _workflow(name), option(f"{name}_NODES")
    _require_fit(order, nodes, f"{name}_NODES")
    values, waiting = _values(order) | {"mask": mask}, iter(sources)
    for node in nodes:
        kind = str(node.get("type"))
        if kind == "image":
            _spread(workflow, node, waiting, name)
        elif values.get(kind) is not None:
            _put(workflow, node, _ids(node), values[kind], name)
    return workflow


def _require_fit(order: Order, nodes: list[dict[str, Any]], name: str) -> None:
    kinds = {str(node.get("type")) for node in nodes}
    if "prompt" not in kinds:
        raise Invalid(f"{name} does not say which node gets the prompt.")
    room = sum(len(_ids(node)) for node in nodes if node.get("type") == "image")
    if order.sources and not room:
        raise Invalid(f"{name} does not say which node gets the picture (type 'image').")
    if len(order.sources) > room:
        raise Invalid(f"{name} has room for {room} pictures, and {len(order.sources)} were sent.")
    if order.mask is not None and "mask" not in kinds:
        raise Invalid(f"{name} does not say which node gets the mask (type 'mask').")


def _values(order: Order) -> dict[str, Any]:
    width, height = order.pixels()
    return {
        "prompt": order.prompt,
        "negative_prompt": order.negative_prompt,
        "model": order.model or None,
        "width": width,
        "height": height,
        "steps": order.steps or None,
        "seed": secrets.randbelow(_LARGEST_SEED),
        "n": order.count,
    }


def _workflow(name: str) -> dict[str, Any]:
    try:
        workflow = json.loads(option(name))
    except ValueError:
        workflow = None
    if not isinstance(workflow, dict):
        raise Invalid(f"{name} is no JSON object in ComfyUI's API form.")
    return workflow


def _ids(node: dict[str, Any]) -> list[Any]:
    return node.get("node_ids") or []


def _spread(
    workflow: dict[str, Any], node: dict[str, Any], waiting: Iterator[str], name: str
) -> None:
    """Give each node the next picture; what is left without keeps what the workflow has."""
    for node_id, source in zip(_ids(node), waiting, strict=False):
        _put(workflow, node, [node_id], source, name)


def _put(
    workflow: dict[str, Any], node: dict[str, Any], ids: list[Any], value: Any, name: str
) -> None:
    key = str(node.get("key") or _KEYS[str(node["type"])])
    for node_id in ids:
        try:
            workflow[str(node_id)]["inputs"][key] = value
        except (KeyError, TypeError):
            raise Invalid(f"{name}_NODES names the node {node_id}, which {name} has not.") from None
