"""Models: the offer of the connections, and what admins and users made of it."""

import pytest

from shared import db
from shared.config.options import get_options
from shared.errors import NotFound
from shared.redis import get_redis, key
from shared.services import connections, models
from shared.services.models import Route
from tests.services.things import NOWHERE, describe, new_user, offer

ELSEWHERE = "http://127.0.0.1:10/v1"

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(autouse=True)
def _without_arena(request, world):
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    get_options().set({"ENABLE_EVALUATION_ARENA_MODELS": False})


def say(*rows):
    """Store what an admin says of models, and let it be seen at once."""
    with db.transaction() as session:
        for row in rows:
            session.merge(row)
    models.forget_catalogue()


def ids(user):
    return [model["id"] for model in models.visible_to(user)]


def shown(model_id):
    return next(model for model in models.catalogue() if model["id"] == model_id)


# Who sees what


def test_users_see_only_what_an_admin_has_described(each_database):
    offer("alpha", "beta", public=False)
    say(describe("alpha"))

    assert ids(new_user()) == ["alpha"]
    assert ids(new_user("admin")) == ["alpha", "beta"]
    assert ids(new_user("pending")) == []


def test_a_private_model_is_its_owners_and_of_those_who_are_named(each_database):
    owner, named, other = new_user(), new_user(), new_user()
    offer("alpha", public=False)
    control = {"read": {"user_ids": [named.id]}}
    say(describe("alpha", user_id=owner.id, access_control=control))

    assert (ids(owner), ids(named), ids(other)) == (["alpha"], ["alpha"], [])


def test_without_an_offer_there_is_nothing_to_list():
    say(describe("mine", base_model_id="alpha"))

    assert models.catalogue() == []
    assert models.offer() is None


# Rows over the offer


def test_a_row_names_and_describes_what_is_offered(each_database):
    offer("alpha", public=False)
    say(describe("alpha", name="The First", meta={"description": "x"}))

    model = shown("alpha")

    assert (model["name"], model["info"]["meta"]) == ("The First", {"description": "x"})
    assert (model["urlIdx"], model["owned_by"]) == (0, "openai")


def test_a_row_takes_a_model_out_of_the_list():
    offer("alpha", "beta")
    say(describe("alpha", is_active=False))

    assert ids(new_user("admin")) == ["beta"]


def test_a_row_for_nothing_that_is_offered_is_not_listed():
    offer("alpha")
    say(describe("gone"))

    assert ids(new_user("admin")) == ["alpha"]


def test_a_row_counts_for_ollamas_model_without_its_tag():
    offer("llama:7b", kind="ollama", public=False)
    say(describe("llama", name="Llama"))

    assert shown("llama:7b")["name"] == "Llama"


def test_elsewhere_a_colon_is_part_of_the_name():
    offer("ft:gpt:mine", public=False)
    say(describe("ft", name="Wrong"))

    assert shown("ft:gpt:mine")["name"] == "ft:gpt:mine"


# Presets


def test_a_preset_is_a_model_of_its_own_over_another(each_database):
    offer("alpha")
    say(describe("mine", base_model_id="alpha", name="Mine", meta={"tags": [{"name": "x"}]}))

    model = shown("mine")

    assert (model["name"], model["preset"], model["owned_by"]) == ("Mine", True, "openai")
    assert (model["info"]["base_model_id"], model["tags"]) == ("alpha", [{"name": "x"}])
    assert ids(new_user()) == ["alpha", "mine"]


def test_an_inactive_preset_is_not_listed():
    offer("alpha")
    say(describe("mine", base_model_id="alpha", is_active=False))

    assert ids(new_user("admin")) == ["alpha"]


def test_a_preset_named_like_an_offered_model_is_not_listed_twice():
    offer("alpha", "beta")
    say(describe("beta", base_model_id="alpha"))

    assert ids(new_user("admin")) == ["alpha", "beta"]


def test_a_preset_goes_to_its_base_with_its_own_parameters():
    offer("alpha")
    say(describe("mine", base_model_id="alpha", params={"temperature": 0.1}))

    route = models.route(new_user(), "mine")

    assert route == Route("mine", connections.find("openai", 0), "alpha", {"temperature": 0.1})


def test_a_preset_works_over_a_base_that_nobody_may_use_by_itself():
    offer("alpha", public=False)
    say(describe("alpha", is_active=False), describe("mine", base_model_id="alpha"))
    user = new_user()

    assert ids(user) == ["mine"]
    assert models.route(user, "mine").upstream_id == "alpha"
    with pytest.raises(NotFound):
        models.route(user, "alpha")


def test_a_preset_may_name_ollamas_model_without_its_tag():
    offer("llama:latest", kind="ollama")
    say(describe("mine", base_model_id="llama"))

    assert shown("mine")["owned_by"] == "ollama"
    assert models.route(new_user(), "mine").upstream_id == "llama:latest"


def test_a_preset_over_nothing_leads_nowhere():
    offer("alpha")
    say(describe("mine", base_model_id="gone"))

    with pytest.raises(NotFound):
        models.route(new_user(), "mine")


# Routes


def test_the_connections_prefix_is_not_the_servers_business():
    offer("local.alpha")
    get_options().set({"OPENAI_API_CONFIGS": {"0": {"prefix_id": "local"}}})

    assert models.route(new_user(), "local.alpha").upstream_id == "alpha"


def test_ollamas_models_answer_without_their_tag_as_well():
    offer("llama:latest", kind="ollama")

    assert models.route(new_user(), "llama").upstream_id == "llama:latest"


def test_a_missing_and_a_forbidden_model_are_not_told_apart():
    offer("alpha", public=False)
    user, words = new_user(), []

    for name in ("alpha", "gone"):
        with pytest.raises(NotFound) as caught:
            models.route(user, name)
        words.append(caught.value.message.replace(name, "X"))

    assert words[0] == words[1]


def test_a_task_model_need_not_be_visible_to_the_user():
    offer("alpha", public=False)

    assert models.anybodys_route("alpha").upstream_id == "alpha"
    assert models.anybodys_route("gone") is None


# Order


def test_the_admins_order_comes_first_and_the_rest_by_name():
    offer("d", "c", "b", "a")
    get_options().set({"MODEL_ORDER_LIST": ["c", "gone", "d"]})
    models.forget_catalogue()

    assert ids(new_user("admin")) == ["c", "d", "a", "b"]


def test_without_an_order_the_connections_order_counts():
    offer("b", "a")

    assert ids(new_user("admin")) == ["b", "a"]


# Copies


def as_another_process():
    models._offer.__init__()
    models._catalogue.__init__()


def test_the_offer_is_shared_by_all_processes():
    offer("alpha")

    as_another_process()

    assert [model["id"] for model in models.offer()] == ["alpha"]


def test_a_new_offer_of_another_process_is_seen_within_a_second(monkeypatch):
    offer("alpha")
    assert ids(new_user("admin")) == ["alpha"]
    mine = (models._offer.__dict__.copy(), models._catalogue.__dict__.copy())
    as_another_process()
    offer("beta")
    models._offer.__dict__.update(mine[0])
    models._catalogue.__dict__.update(mine[1])

    before = ids(new_user("admin"))
    monkeypatch.setattr(models, "_FRESH_S", -1.0)

    assert (before, ids(new_user("admin"))) == (["alpha"], ["beta"])


def test_the_list_costs_no_question_while_it_is_fresh():
    offer("alpha")
    models.catalogue()
    calls = "total_commands_processed"
    before = get_redis().info("stats")[calls]

    for _ in range(50):
        models.catalogue()

    assert get_redis().info("stats")[calls] - before <= 1


def test_an_offer_survives_a_redis_that_came_back_empty(monkeypatch):
    offer("alpha")
    models.offer()
    get_redis().flushdb()
    monkeypatch.setattr(models, "_FRESH_S", -1.0)

    assert [model["id"] for model in models.offer()] == ["alpha"]
    assert get_redis().exists(key("models", "offer"))


def test_the_known_offer_counts_while_redis_is_away(monkeypatch, mortal_valkey):
    offer("alpha")
    models.offer()
    mortal_valkey.kill()
    monkeypatch.setattr(models, "_FRESH_S", -1.0)

    assert [model["id"] for model in models.offer()] == ["alpha"]


def test_after_a_change_of_the_connections_a_new_offer_is_wanted_and_the_older_one_counts():
    offer("alpha")
    assert not models.is_outdated()

    models.outdate_offer()

    assert models.is_outdated()
    assert [model["id"] for model in models.offer()] == ["alpha"]
    offer("beta")
    assert not models.is_outdated()


def test_an_offer_that_was_asked_for_before_the_change_is_still_outdated():
    offer("alpha")
    before = models.edition()
    models.outdate_offer()

    models.save_offer([], before)

    assert models.is_outdated()


@pytest.mark.parametrize(
    ("urls", "index"),
    [
        pytest.param([NOWHERE], 0, id="stays"),
        pytest.param([ELSEWHERE, NOWHERE], 1, id="moves"),
        pytest.param([ELSEWHERE, NOWHERE, NOWHERE], 1, id="is there twice"),
    ],
)
def test_a_model_is_asked_of_its_own_server_wherever_that_stands_in_the_list(urls, index):
    offer("alpha")

    get_options().set({"OPENAI_API_BASE_URLS": urls})

    found = models.route(new_user(), "alpha").connection
    assert (found.url, found.index) == (NOWHERE, index)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"OPENAI_API_BASE_URLS": [ELSEWHERE]}, id="removed"),
        pytest.param({"OPENAI_API_CONFIGS": {"0": {"enable": False}}}, id="switched off"),
        pytest.param({"ENABLE_OPENAI_API": False}, id="all switched off"),
    ],
)
def test_a_model_without_its_server_is_asked_of_nobody(change):
    offer("alpha")

    get_options().set(change)

    with pytest.raises(NotFound):
        models.route(new_user(), "alpha")


def test_a_model_that_another_process_has_just_made_is_found(world):
    user = new_user()
    offer("alpha")
    models.catalogue()
    with db.transaction() as session:
        session.merge(describe("new", base_model_id="alpha"))
    models._catalogue.made_at -= 0.2

    assert models.find_visible(user, "new")["id"] == "new"


def test_a_preset_leads_no_further_than_its_owner_may_go():
    owner, reader, admin = new_user(), new_user(), new_user("admin")
    offer("open", "closed", public=False)
    say(
        describe("open"),
        describe("to-open", base_model_id="open", user_id=owner.id),
        describe("to-closed", base_model_id="closed", user_id=owner.id),
        describe("admins", base_model_id="closed", user_id=admin.id),
    )

    for user in (owner, reader):
        assert models.route(user, "to-open").upstream_id == "open"
        assert models.route(user, "admins").upstream_id == "closed"
        with pytest.raises(NotFound):
            models.route(user, "to-closed")
    assert models.route(admin, "to-closed").upstream_id == "closed"
