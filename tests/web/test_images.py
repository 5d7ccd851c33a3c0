"""Pictures over HTTP, made by engines that speak their documented protocols."""

import json
from base64 import b64decode

import orjson
import pytest

from shared import relay
from shared.config.options import get_options
from shared.models.job import CANCELLED
from shared.services import jobs
from tests.fakes.image_server import CHECKPOINTS, PNG
from tests.services.painting import use
from tests.services.things import row_of
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("uploads")
URL = "/api/v1/images"


def events_of(job_id):
    return [orjson.loads(event) for event in relay.replay(job_id, 0)]


@pytest.mark.parametrize("engine", ["openai", "gemini", "automatic1111", "comfyui"])
def test_a_picture_is_made_and_becomes_a_file_of_who_asked(member, other, worker, painter, engine):
    use(engine)

    answer = member.post(f"{URL}/generations", {"prompt": "a cat", "size": "64x32"})

    assert answer.status_code == 200, answer.text
    (picture,) = answer.json
    content = member.get(picture["url"])
    assert content.data == PNG
    assert content.content_type == "image/png"
    assert other.get(picture["url"]).status_code == 404
    about = member.get(picture["url"].removesuffix("/content")).json
    assert about["meta"]["data"]["prompt"] == "a cat"


def test_openai_is_asked_for_bytes_and_an_address_on_its_own_host_is_fetched(
    member, worker, painter
):
    use("openai")
    painter.sends_urls = True

    answer = member.post(f"{URL}/generations", {"prompt": "a cat", "n": 2})

    assert len(answer.json) == 2
    assert painter.bodies("/v1/images/generations") == [
        {
            "model": "dall-e-2",
            "prompt": "a cat",
            "n": 2,
            "size": "512x512",
            "response_format": "b64_json",
        }
    ]


def test_automatic1111_gets_what_the_options_say(member, worker, painter):
    use("automatic1111")
    get_options().set({"AUTOMATIC1111_CFG_SCALE": 7.5, "AUTOMATIC1111_SAMPLER": "Euler"})

    member.post(f"{URL}/generations", {"prompt": "a cat", "size": "64x32", "model": "two"})

    (asked,) = painter.bodies("/sdapi/v1/txt2img")
    assert asked == {
        "prompt": "a cat",
        "negative_prompt": "",
        "batch_size": 1,
        "width": 64,
        "height": 32,
        "cfg_scale": 7.5,
        "sampler_name": "Euler",
        "steps": 50,
        "override_settings": {"sd_model_checkpoint": "two"},
    }
    assert painter.asked[0][2]["authorization"] == "Basic dXNlcjp3b3Jk"


def test_comfyui_gets_the_workflow_with_its_nodes_filled_and_tells_how_far_it_is(
    member, worker, painter
):
    use("comfyui")

    answer = member.post(
        "/v1/images/generations",
        {"prompt": "a cat", "size": "64x32", "model": "two.safetensors", "background": True},
    )
    job = answer.json["job"]
    wait_until(lambda: row_of(job).finished_at is not None, 20, "the picture")

    (asked,) = painter.bodies("/prompt")
    nodes = asked["prompt"]
    assert nodes["6"]["inputs"]["text"] == "a cat"
    assert (nodes["5"]["inputs"]["width"], nodes["5"]["inputs"]["batch_size"]) == (64, 1)
    assert nodes["4"]["inputs"]["ckpt_name"] == "two.safetensors"
    told = [event["data"] for event in events_of(job) if event["type"] == "progress"]
    assert [one["done"] for one in told if one["unit"] == "percent"] == [25, 25, 100]
    preview = told[1]["preview"]
    assert b64decode(preview.removeprefix("data:image/png;base64,")) == PNG
    assert painter.asked[-1][0] == "/view"


@pytest.mark.parametrize(
    ("engine", "models"),
    [
        ("openai", ["dall-e-2", "dall-e-3", "gpt-image-1"]),
        ("gemini", ["imagen-3.0-generate-002", "gemini-2.5-flash-image"]),
        ("automatic1111", [f"{name} [x]" for name in CHECKPOINTS]),
        ("comfyui", CHECKPOINTS),
    ],
)
def test_models_are_listed(member, worker, painter, engine, models):
    use(engine)

    assert [model["id"] for model in member.get(f"{URL}/models").json] == models


@pytest.mark.parametrize("engine", ["openai", "gemini", "automatic1111", "comfyui"])
def test_what_an_engine_refuses_is_told_in_its_words(member, worker, painter, engine):
    use(engine)
    painter.trouble = (400, "Your request was rejected by the safety system.")

    answer = member.post(f"{URL}/generations", {"prompt": "a cat", "size": "64x64"})

    assert answer.status_code == 400
    assert "safety system" in answer.json["detail"]
    assert member.get("/api/v1/files/").json == []


@pytest.mark.parametrize("engine", ["openai", "gemini"])
def test_a_key_that_is_not_good_is_told_as_such(member, worker, painter, engine):
    use(engine)
    get_options().set({"IMAGES_OPENAI_API_KEY": "bad", "IMAGES_GEMINI_API_KEY": "bad"})

    answer = member.post(f"{URL}/generations", {"prompt": "a cat"})

    assert answer.status_code == 400
    assert "does not accept the key" in answer.json["detail"]


def test_an_error_inside_comfyuis_workflow_is_told(member, worker, painter):
    use("comfyui")
    painter.node_error = "CUDA out of memory"

    answer = member.post(f"{URL}/generations", {"prompt": "a cat"})

    assert answer.json == {"detail": "ComfyUI: CUDA out of memory"}


@pytest.mark.parametrize("engine", ["automatic1111", "comfyui"])
def test_a_cancelled_picture_is_interrupted_at_its_engine(member, worker, painter, engine):
    use(engine)
    painter.is_slow = True
    body = {"prompt": "a cat", "background": True}
    job = member.post("/v1/images/generations", body).json["job"]
    wait_until(painter.ordered.is_set, 10, "the order")

    jobs.cancel(member.user, job)

    wait_until(lambda: row_of(job).status == CANCELLED, 10, "the end of the job")
    interrupts = [path for path, _, _ in painter.asked if path.endswith("interrupt")]
    painter.release.set()
    assert len(interrupts) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ENABLE_IMAGE_GENERATION": False}, "ENABLE_IMAGE_GENERATION is off"),
        ({"IMAGE_GENERATION_ENGINE": "openai"}, "IMAGES_OPENAI_API_KEY"),
        ({"IMAGE_GENERATION_ENGINE": "gemini"}, "IMAGES_GEMINI_API_KEY"),
        ({"IMAGE_GENERATION_ENGINE": "comfyui"}, "COMFYUI_BASE_URL"),
        ({"IMAGE_GENERATION_ENGINE": ""}, "AUTOMATIC1111_BASE_URL"),
    ],
)
def test_what_is_not_configured_is_named(member, options, words):
    get_options().set({"ENABLE_IMAGE_GENERATION": True, **options})

    answers = [
        member.post(path, {"prompt": "a cat"})
        for path in (f"{URL}/generations", "/v1/images/generations")
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert all(words in answer.json["detail"] for answer in answers)


def test_a_permission_is_needed(member, painter):
    get_options().set({"USER_PERMISSIONS": {"features": {"image_generation": False}}})

    assert member.post(f"{URL}/generations", {"prompt": "a cat"}).status_code == 401


def test_comfyui_without_a_mapping_names_the_option(member, worker, painter):
    use("comfyui")
    get_options().set({"COMFYUI_WORKFLOW_NODES": []})

    answer = member.post(f"{URL}/generations", {"prompt": "a cat"})

    assert "COMFYUI_WORKFLOW_NODES" in answer.json["detail"]


def test_the_openai_form_gives_bytes_or_an_address_of_this_server(member, worker, painter):
    use("openai")
    body = {"prompt": "a cat", "model": "dall-e-3"}

    as_bytes = member.post("/v1/images/generations", {**body, "response_format": "b64_json"})
    as_url = member.post("/v1/images/generations", body)

    assert b64decode(as_bytes.json["data"][0]["b64_json"]) == PNG
    url = as_url.json["data"][0]["url"]
    assert url.startswith("http://localhost/api/v1/files/")
    assert as_url.json["created"] > 0


def test_the_address_of_an_engine_is_verified(admin, member, worker, painter):
    use("comfyui")

    good = admin.get(f"{URL}/config/url/verify")
    get_options().set({"COMFYUI_BASE_URL": "http://127.0.0.1:9"})
    bad = admin.get(f"{URL}/config/url/verify")

    assert (good.status_code, good.json) == (200, True)
    assert bad.status_code == 400
    assert member.get(f"{URL}/config/url/verify").status_code == 401


def told_in(answer):
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line[:5] == "data:"]


@pytest.mark.parametrize(
    ("previews", "kinds"), [(2, ["partial_image", "completed"]), (0, ["completed"])]
)
def test_the_openai_form_of_pictures_in_events(member, worker, painter, previews, kinds):
    use("comfyui")
    body = {"prompt": "a cat", "stream": True, "partial_images": previews, "size": "auto"}

    told = told_in(member.post("/v1/images/generations", body))

    assert [event["type"] for event in told] == [f"image_generation.{kind}" for kind in kinds]
    assert all(b64decode(event["b64_json"]) == PNG for event in told)
    assert [event.get("partial_image_index") for event in told] == [0, None][-len(kinds) :]


def test_a_stream_of_pictures_ends_with_what_went_wrong(member, worker, painter):
    use("openai")
    painter.trouble = (400, "Not this.")

    [told] = told_in(member.post("/v1/images/generations", {"prompt": "a cat", "stream": True}))

    assert "Not this." in told["error"]["message"]


@pytest.mark.parametrize("engine", ["automatic1111", "comfyui"])
def test_who_leaves_the_size_to_the_server_gets_that_of_the_options(
    member, worker, painter, engine
):
    use(engine)
    get_options().set({"IMAGE_SIZE": "96x48"})

    answer = member.post("/v1/images/generations", {"prompt": "a cat", "size": "auto"})

    assert answer.status_code == 200, answer.text
    asked = painter.bodies("/sdapi/v1/txt2img" if engine == "automatic1111" else "/prompt")[0]
    wide = asked.get("width") or asked["prompt"]["5"]["inputs"]["width"]
    assert wide == 96


@pytest.mark.parametrize(
    "body", [{"prompt": ""}, {"prompt": "x", "n": 99}, {"prompt": "x", "size": "large"}]
)
def test_odd_orders_are_refused(member, painter, body):
    assert member.post(f"{URL}/generations", body).status_code == 422
