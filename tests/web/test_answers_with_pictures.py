"""Answers with a picture: it is painted first, shown by an event, and the model is told of it."""

import pytest

from shared import db
from shared.config.options import get_options
from shared.models.chat import ChatMessage
from shared.models.job import COMPLETED
from tests.services.things import message, new_chat, offer, row_of
from tests.services.waiting import wait_until
from tests.web.test_images import events_of

# What the fake model says when it is asked to describe a picture.
DESCRIBED = "a plain square"

pytestmark = pytest.mark.usefixtures("worker", "uploads")


@pytest.fixture(autouse=True)
def _model(painter, openai_server):
    offer("fake-alpha", url=openai_server.url)


def ask(caller):
    """Ask for a picture in a stored chat; gives the job and the answer's message."""
    chat = new_chat(caller.user, message("q"), message("a", "q", "assistant"))
    body = {
        "model": "fake-alpha",
        "messages": [{"role": "user", "content": "paint a cat"}],
        "features": {"image_generation": True},
        "chat_id": chat.id,
        "id": "a",
        "background": True,
        "stream": True,
    }
    job = caller.post("/api/chat/completions", body).json["job"]
    wait_until(lambda: row_of(job).finished_at is not None, 20, "the answer")
    with db.reading() as session:
        kept = session.get_one(ChatMessage, (chat.id, "a"))
        return row_of(job), kept.data


def note_to_model(server):
    asked = [one for one in server.log() if one["path"].endswith("/chat/completions")]
    return asked[-1]["json"]["messages"][0]["content"]


def test_the_picture_is_shown_and_kept_and_the_model_knows_of_it(member, painter, openai_server):
    job, kept = ask(member)

    told = events_of(job.id)
    [shown] = [event["data"]["files"] for event in told if event["type"] == "files"]
    statuses = [event["data"] for event in told if event["type"] == "status"]
    assert job.status == COMPLETED
    assert [one["description"] for one in statuses] == ["Generating an image", "Generated an image"]
    assert [one["done"] for one in statuses] == [False, True]
    assert shown[0]["type"] == "image"
    assert member.get(shown[0]["url"]).content_type == "image/png"
    assert kept["files"] == shown
    assert painter.bodies("/v1/images/generations")[0]["prompt"] == DESCRIBED
    assert note_to_model(openai_server).startswith("A picture was made")


@pytest.mark.parametrize("why", ["refused", "switched off", "forbidden"])
def test_an_answer_goes_on_when_no_picture_can_be_made(member, painter, openai_server, why):
    if why == "refused":
        painter.trouble = (400, "Not this.")
    elif why == "switched off":
        get_options().set({"ENABLE_IMAGE_GENERATION": False})
    else:
        get_options().set({"USER_PERMISSIONS": {"features": {"image_generation": False}}})

    job, kept = ask(member)

    assert job.status == COMPLETED
    assert "files" not in kept
    assert kept["statusHistory"][-1]["error"] is True
    assert "could not be made" in note_to_model(openai_server)
