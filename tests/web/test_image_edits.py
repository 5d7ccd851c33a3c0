"""Pictures that are changed: edits and variations, by each engine."""

import io
import json
from base64 import b64decode

import pytest

from shared.config.options import get_options, option
from tests.fakes.image_server import ENCODED, PNG, content_of
from tests.services.painting import EDIT_NODES, upload, use

pytestmark = pytest.mark.usefixtures("uploads")
URL = "/api/v1/images"


@pytest.mark.parametrize(("door", "prompt"), [("edits", "with a hat"), ("variations", "")])
def test_pictures_are_changed_in_the_openai_form(member, worker, painter, door, prompt):
    use("openai")
    form = {"image": (io.BytesIO(PNG), "a.png"), "prompt": prompt, "response_format": "b64_json"}
    if door == "edits":
        form["mask"] = (io.BytesIO(PNG), "m.png")

    answer = upload(member, f"/v1/images/{door}", form)

    assert answer.status_code == 200, answer.text
    assert b64decode(answer.json["data"][0]["b64_json"]) == PNG
    _, sent, _ = next(one for one in painter.asked if one[0] == f"/v1/images/{door}")
    assert sent.count(PNG) == (2 if door == "edits" else 1)
    assert (b"with a hat" in sent) == (door == "edits")


def edit(caller, *more, **fields):
    """Ask for a hat on one picture, or on several."""
    pictures = [(io.BytesIO(PNG), f"{number}.png") for number in range(1 + len(more))]
    form = {"image": pictures, "prompt": "with a hat", "response_format": "b64_json", **fields}
    return upload(caller, "/v1/images/edits", form)


@pytest.mark.parametrize("engine", ["openai", "gemini", "automatic1111", "comfyui"])
def test_every_engine_changes_a_picture(member, worker, painter, engine):
    use(engine)

    answer = edit(member)

    assert answer.status_code == 200, answer.text
    assert b64decode(answer.json["data"][0]["b64_json"]) == PNG


def test_several_pictures_come_as_the_openai_library_sends_them(member, worker, painter):
    use("openai")
    pictures = [(io.BytesIO(PNG), "a.png"), (io.BytesIO(PNG), "b.png")]

    answer = upload(member, "/v1/images/edits", {"image[]": pictures, "prompt": "with a hat"})

    assert answer.status_code == 200, answer.text
    _, sent, _ = next(one for one in painter.asked if one[0] == "/v1/images/edits")
    assert sent.count(PNG) == 2


def test_a_change_is_told_in_events(member, worker, painter):
    use("openai")

    answer = edit(member, stream="true")

    assert '"type":"image_edit.completed"' in answer.text


def test_gemini_is_shown_the_pictures_and_told_what_to_change(member, worker, painter):
    use("gemini")

    answer = edit(member, "another", n="2")

    asked = painter.bodies("/google/models/gemini-2.5-flash-image:generateContent")
    shown = {"inlineData": {"mimeType": "image/png", "data": ENCODED}}
    assert len(answer.json["data"]) == len(asked) == 2
    assert asked[0]["contents"][0]["parts"] == [shown, shown, {"text": "with a hat"}]
    assert asked[0]["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"]}


def test_gemini_itself_paints_from_words_where_it_is_named(member, worker, painter):
    use("gemini")

    answer = member.post(
        f"{URL}/generations", {"prompt": "a cat", "model": "gemini-3-pro-image-preview"}
    )

    assert answer.status_code == 200, answer.text
    (asked,) = painter.bodies("/google/models/gemini-3-pro-image-preview:generateContent")
    assert asked["contents"][0]["parts"] == [{"text": "a cat"}]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "SAFETY"),
        (content_of(finishReason="IMAGE_SAFETY"), "IMAGE_SAFETY"),
        (content_of({"text": "I cannot draw this person"}), "I cannot draw this person"),
        ({}, "no reason"),
        ([], "unknown form"),
        ({"candidates": [{"content": {"parts": [{"inlineData": {}}]}}]}, "unknown form"),
    ],
)
def test_why_gemini_makes_no_picture_is_told(member, worker, painter, said, words):
    use("gemini")
    painter.content = said

    answer = edit(member)

    assert answer.status_code in (400, 502)
    assert words in answer.json["error"]["message"]


def test_comfyui_is_given_pictures_and_mask_before_its_workflow_runs(member, worker, painter):
    use("comfyui")
    mapping = [*EDIT_NODES, {"type": "mask", "key": "", "node_ids": ["12"]}]
    workflow = json.loads(option("IMAGES_EDIT_COMFYUI_WORKFLOW"))
    workflow["12"] = {"class_type": "LoadImageMask", "inputs": {"channel": "alpha"}}
    get_options().set(
        {
            "IMAGES_EDIT_COMFYUI_WORKFLOW": json.dumps(workflow),
            "IMAGES_EDIT_COMFYUI_WORKFLOW_NODES": mapping,
        }
    )

    answer = edit(member, mask=(io.BytesIO(PNG), "m.png"))

    assert answer.status_code == 200, answer.text
    sent = [body for path, body, _ in painter.asked if path == "/upload/image"]
    assert [PNG in body for body in sent] == [True, True]
    (asked,) = painter.bodies("/prompt")
    nodes = asked["prompt"]
    picture, mask = nodes["10"]["inputs"]["image"], nodes["12"]["inputs"]["image"]
    assert picture.startswith("up/switchyard-")
    assert mask.startswith("up/switchyard-")
    assert picture != mask
    assert nodes["6"]["inputs"]["text"] == "with a hat"
    assert nodes["3"]["inputs"]["latent_image"] == ["11", 0]


@pytest.mark.parametrize(
    ("mapping", "more", "words"),
    [
        ([], {}, "IMAGES_EDIT_COMFYUI_WORKFLOW_NODES does not say which node gets the prompt"),
        (EDIT_NODES[:1], {}, "does not say which node gets the picture"),
        (EDIT_NODES, {"mask": (io.BytesIO(PNG), "m.png")}, "does not say which node gets the mask"),
        ([*EDIT_NODES, {"type": "seed", "node_ids": ["99"]}], {}, "names the node 99"),
    ],
)
def test_what_comfyui_lacks_to_change_a_picture_is_named(
    member, worker, painter, mapping, more, words
):
    use("comfyui")
    get_options().set({"IMAGES_EDIT_COMFYUI_WORKFLOW_NODES": mapping})

    answer = edit(member, **more)

    assert answer.status_code == 400
    assert words in answer.json["error"]["message"]
    assert not [path for path, _, _ in painter.asked if path == "/upload/image"]


def test_comfyui_loads_each_picture_by_a_node_of_its_own(member, worker, painter):
    use("comfyui")
    workflow = json.loads(option("IMAGES_EDIT_COMFYUI_WORKFLOW"))
    workflow |= {name: {"class_type": "LoadImage", "inputs": {}} for name in ("20", "21")}
    second = {"type": "image", "key": "", "node_ids": ["20", "21"]}
    get_options().set(
        {
            "IMAGES_EDIT_COMFYUI_WORKFLOW": json.dumps(workflow),
            "IMAGES_EDIT_COMFYUI_WORKFLOW_NODES": [*EDIT_NODES, second],
        }
    )

    answer = edit(member, "another")

    assert answer.status_code == 200, answer.text
    nodes = painter.bodies("/prompt")[0]["prompt"]
    loaded = [nodes[name]["inputs"].get("image") for name in ("10", "20", "21")]
    assert loaded[0] != loaded[1]
    assert loaded[1].startswith("up/switchyard-")
    assert loaded[2] is None


def test_comfyui_says_for_how_many_pictures_there_is_room(member, worker, painter):
    use("comfyui")

    answer = edit(member, "another")

    assert answer.status_code == 400
    assert "has room for 1 pictures, and 2 were sent" in answer.json["error"]["message"]


@pytest.mark.parametrize("engine", ["gemini", "automatic1111", "comfyui"])
def test_who_makes_no_variations_says_who_does(member, worker, painter, engine):
    use(engine)

    answer = upload(member, "/v1/images/variations", {"image": (io.BytesIO(PNG), "a.png")})

    assert answer.status_code == 400
    assert "set IMAGE_GENERATION_ENGINE to openai" in answer.json["error"]["message"]


def test_gemini_takes_no_mask(member, worker, painter):
    use("gemini")

    answer = edit(member, mask=(io.BytesIO(PNG), "m.png"))

    assert "takes no mask" in answer.json["error"]["message"]


def test_what_is_no_picture_is_not_changed(member, painter):
    form = {"image": (io.BytesIO(b"words"), "a.png"), "prompt": "with a hat"}

    answer = upload(member, "/v1/images/edits", form)

    assert answer.status_code == 400
    assert "no picture" in json.loads(answer.data)["error"]["message"]
