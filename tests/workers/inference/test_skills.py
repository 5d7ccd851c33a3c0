"""Skills in an answer: what of them the provider is told."""

import pytest

from shared import db
from shared.models import Skill
from shared.models.job import COMPLETED
from shared.services import models
from tests.services.things import describe, new_user, offer
from tests.workers.inference.answering import answer
from workers.inference import skills


@pytest.fixture(autouse=True)
def _served(request, world, openai_server):
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    offer("fake-alpha", url=openai_server.url)


@pytest.fixture
def owner():
    return new_user()


def keep(owner, skill_id, content="Write plainly.", **values):
    about = {"name": skill_id.title(), "description": None, "meta": {}, "is_active": True}
    fields = {**about, "access_control": {}, "created_at": 1, "updated_at": 1, **values}
    with db.transaction() as session:
        session.add(Skill(id=skill_id, user_id=owner.id, content=content, **fields))


def told(openai_server):
    """Give the system prompt that the provider was told last."""
    first = openai_server.log()[-1]["json"]["messages"][0]
    return first["content"] if first["role"] == "system" else None


def test_a_requests_skills_stand_in_front_of_its_system_message(
    each_database, owner, openai_server
):
    keep(owner, "plain", description='Say "it" plainly')
    keep(owner, "brief", "Write briefly.")
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}]

    job, _ = answer(owner, body={"messages": messages}, skill_ids=["brief", "plain", "gone"])

    assert job.status == COMPLETED
    _, *lines = told(openai_server).splitlines()
    assert lines == [
        '<skill name="Brief" description="">',
        "Write briefly.",
        "</skill>",
        '<skill name="Plain" description="Say &quot;it&quot; plainly">',
        "Write plainly.",
        "</skill>",
        "Be kind.",
    ]


def test_a_models_skills_follow_its_system_prompt(owner, openai_server):
    keep(owner, "plain", "Say {{USER_NAME}}.")
    about = {"params": {"system": "You help {{USER_NAME}}."}, "meta": {"skillIds": ["plain", 3]}}
    with db.transaction() as session:
        session.merge(describe("mine", base_model_id="fake-alpha", **about))
    models.forget_catalogue()

    answer(owner, model="mine", skill_ids=["plain"])

    system = told(openai_server)
    assert system.startswith(f"You help {owner.name}.\n")
    # What a skill says is not filled in, and said once.
    assert system.count("Say {{USER_NAME}}.") == 1


def test_skills_that_are_off_or_anothers_are_not_told(owner, openai_server):
    keep(owner, "off", is_active=False)
    keep(new_user(), "anothers")

    job, _ = answer(owner, skill_ids=["off", "anothers", "a\x00b"])

    assert (job.status, told(openai_server)) == (COMPLETED, None)


def test_a_skill_that_everybody_may_read_is_told_to_all(owner, openai_server):
    keep(new_user(), "public", access_control=None)

    answer(owner, skill_ids=["public"])

    assert "Write plainly." in told(openai_server)


def test_all_skills_together_have_a_limit(owner):
    most = skills.MOST_CHARACTERS
    keep(owner, "long", "€" * (most - 1))
    keep(owner, "next", "££¥")

    text = skills.written(owner, ["long", "next"])

    assert (text.count("€"), text.count("£"), "¥" in text) == (most - 1, 1, False)


def test_no_more_than_some_skills_are_told(owner):
    names = [f"s{number}" for number in range(25)]
    for name in names:
        keep(owner, name)

    assert skills.written(owner, names).count("<skill ") == 20
