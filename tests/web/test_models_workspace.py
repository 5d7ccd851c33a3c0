"""Presets and words about upstream models, over HTTP."""

import pytest

from shared import db
from shared.config.options import get_options
from shared.services import models
from tests.services.things import describe, offer

URL = "/api/v1/models"


@pytest.fixture(autouse=True)
def _without_arena(request, world):
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    get_options().set({"ENABLE_EVALUATION_ARENA_MODELS": False})


def form(model_id="mine", **values):
    return {
        "id": model_id,
        "base_model_id": "alpha",
        "name": "Mine",
        "meta": {"description": "a preset", "tags": [{"name": "work"}], "hidden": False},
        "params": {"system": "Be brief.", "temperature": 0.2},
        **values,
    }


def permit(**groups):
    get_options().set({"USER_PERMISSIONS": groups})


def make(caller, model_id="mine", **values):
    answer = caller.post(f"{URL}/create", form(model_id, **values))
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.fixture(autouse=True)
def _offered(world):
    offer("alpha")


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json]


def test_a_preset_is_made_shown_changed_and_deleted(each_database, admin):
    made = make(admin, "team/mine:v1")

    changed = admin.post(
        f"{URL}/model/update?id=team/mine:v1", form("team/mine:v1", name="Renamed", params={})
    )
    shown = admin.get(f"{URL}/model?id=team/mine:v1")
    deleted = admin.delete(f"{URL}/model/delete?id=team/mine:v1")

    assert (made["user_id"], made["base_model_id"]) == (admin.id, "alpha")
    assert made["meta"]["tags"] == [{"name": "work"}]
    assert made["meta"]["profile_image_url"] == "/static/favicon.png"
    assert made["params"] == {"system": "Be brief.", "temperature": 0.2}
    assert changed.json["name"] == shown.json["name"] == "Renamed"
    assert deleted.json is True
    assert admin.get(f"{URL}/model?id=team/mine:v1").status_code == 401


def test_a_new_preset_is_among_the_models_at_once(admin):
    make(admin)

    assert ids_of_models(admin) == ["alpha", "mine"]


def ids_of_models(caller):
    return [model["id"] for model in caller.get("/api/models").json["data"]]


def test_newer_clients_update_and_delete_by_the_body(admin):
    make(admin)

    updated = admin.post(f"{URL}/model/update", form(name="Newer"))
    deleted = admin.post(f"{URL}/model/delete", {"id": "mine"})

    assert (updated.json["name"], deleted.json) == ("Newer", True)


def test_the_list_of_models_has_two_forms(admin):
    make(admin)

    assert ids(admin.get(f"{URL}/")) == ["mine"]
    assert admin.get(URL).json["object"] == "list"
    page = admin.get(f"{URL}/list?query=MI").json
    assert (page["total"], page["items"][0]["user"]["id"]) == (1, admin.id)
    assert admin.get(f"{URL}/list?query=other").json == {"items": [], "total": 0}


def test_an_id_is_taken_once(admin):
    make(admin)

    assert admin.post(f"{URL}/create", form()).status_code == 401


def test_users_make_models_only_with_the_permission(member):
    refused = member.post(f"{URL}/create", form())
    permit(workspace={"models": True})
    granted = member.post(f"{URL}/create", form())

    assert (refused.status_code, granted.status_code) == (401, 200)


def test_a_user_cannot_reach_a_model_by_making_a_preset_of_it(member):
    offer("alpha", "secret", public=False)
    permit(workspace={"models": True})

    over = member.post(f"{URL}/create", form(base_model_id="secret"))
    about = member.post(f"{URL}/create", form("secret", base_model_id=None))

    assert (over.status_code, about.status_code) == (401, 401)


def test_a_user_cannot_move_an_own_preset_to_such_a_model(member):
    permit(workspace={"models": True})
    make(member)
    offer("secret", public=False)

    moved = member.post(f"{URL}/model/update?id=mine", form(base_model_id="secret"))

    assert moved.status_code == 400


def test_what_a_user_may_not_make_public_becomes_private(member, other):
    permit(workspace={"models": True})

    made = make(member, access_control=None)

    assert made["access_control"] == {}
    assert other.get(f"{URL}/model?id=mine").status_code == 401
    permit(workspace={"models": True}, sharing={"public_models": True})
    assert make(member, "open", access_control=None)["access_control"] is None
    assert other.get(f"{URL}/model?id=open").status_code == 200


@pytest.mark.parametrize("right", ["read", "write"])
def test_rights_are_given_one_by_one(admin, member, right):
    lists = {"group_ids": [], "user_ids": [member.id]}
    make(admin, access_control={right: lists})

    seen = member.get(f"{URL}/model?id=mine").status_code == 200
    changed = member.post(f"{URL}/model/toggle?id=mine").status_code == 200

    assert (seen, changed) == (right == "read", right == "write")
    assert ids(member.get(f"{URL}/")) == (["mine"] if right == "write" else [])


def test_rights_may_be_written_as_grants(admin, member):
    grant = {"principal_type": "user", "principal_id": member.id, "permission": "read"}

    made = make(admin, access_grants=[grant])

    assert made["access_control"] == {"read": {"group_ids": [], "user_ids": [member.id]}}
    (given,) = made["access_grants"]
    assert {name: given[name] for name in grant} == grant
    assert (given["resource_type"], given["resource_id"]) == ("model", made["id"])


def test_a_switched_off_preset_leaves_the_list_and_comes_back(admin):
    make(admin)

    off = admin.post(f"{URL}/model/toggle?id=mine").json["is_active"]
    listed = ids_of_models(admin)
    on = admin.post(f"{URL}/model/toggle?id=mine").json["is_active"]

    assert (off, listed, on) == (False, ["alpha"], True)
    assert ids_of_models(admin) == ["alpha", "mine"]


def test_what_is_said_about_upstream_models_is_the_admins(admin, member):
    offer("beta", public=False)
    make(admin, "beta", base_model_id=None, name="The better one", access_control=None)

    assert "beta" in ids(admin.get(f"{URL}/base"))
    assert member.get(f"{URL}/base").status_code == 401
    (model,) = member.get("/api/models").json["data"]
    assert (model["id"], model["name"]) == ("beta", "The better one")


def test_all_rows_are_deleted_by_admins_only(admin, member):
    make(admin)

    refused = member.delete(f"{URL}/delete/all")
    done = admin.delete(f"{URL}/delete/all")

    assert (refused.status_code, done.json) == (401, True)
    assert ids(admin.get(f"{URL}/")) == []


def test_what_is_exported_can_be_imported(admin):
    make(admin)
    exported = admin.get(f"{URL}/export").json
    admin.delete(f"{URL}/delete/all")

    imported = admin.post(f"{URL}/import", {"models": exported})

    assert imported.json is True
    assert {row["id"] for row in admin.get(f"{URL}/export").json} == {"alpha", "mine"}


def test_tags_are_those_of_usable_presets(admin, member):
    make(admin)
    make(admin, "hers", meta={"tags": [{"name": "secret"}]}, access_control={})

    assert member.get(f"{URL}/tags").json == ["work"]


@pytest.mark.parametrize(
    "change", [{"id": ""}, {"id": "x" * 257}, {"params": None}, {"access_control": {"read": 1}}]
)
def test_what_is_no_model_is_refused(admin, change):
    assert admin.post(f"{URL}/create", form(**change)).status_code == 422


def test_strangers_and_pending_accounts_see_nothing(stranger, new_caller):
    assert stranger.get(f"{URL}/").status_code == 403
    assert new_caller("pending").get(f"{URL}/").status_code == 401


@pytest.mark.parametrize(
    "part",
    [
        {"toolIds": ["theirs"]},
        {"skillIds": ["theirs"]},
        {"knowledge": [{"type": "collection", "id": "theirs"}]},
        {"knowledge": [{"type": "file", "id": "theirs"}]},
        {"knowledge": [{"collection_names": ["theirs"]}]},
    ],
)
def test_a_user_puts_nothing_of_others_into_a_preset(member, admin, part):
    permit(workspace={"models": True})
    mine = make(member, access_control={})

    refused = member.post(f"{URL}/create", form("other", meta=part))
    by_admin = admin.post(f"{URL}/model/update?id=mine", form(meta=part))
    kept = member.post(f"{URL}/model/update?id=mine", form(name="Again", meta=part))

    assert mine["meta"].get("toolIds") is None
    assert (refused.status_code, by_admin.status_code) == (400, 200)
    assert "theirs" in refused.json["detail"]
    assert (kept.status_code, kept.json["name"]) == (200, "Again")
    (name,) = part
    assert kept.json["meta"][name] == part[name]


@pytest.mark.parametrize(
    "meta",
    [
        {"toolIds": [1]},
        {"skillIds": [{}]},
        {"knowledge": [{"id": {}}]},
        {"knowledge": [{"collection_names": "x"}]},
    ],
)
def test_parts_of_another_form_are_refused(member, meta):
    permit(workspace={"models": True})

    assert member.post(f"{URL}/create", form(meta=meta)).status_code == 422


def test_whom_a_model_lets_in_is_changed_by_itself(admin, member):
    make(admin, access_control={})
    grant = {"principal_type": "user", "principal_id": member.id, "permission": "read"}

    before = member.get(f"{URL}/model?id=mine").status_code
    shared = admin.post(f"{URL}/model/access/update", {"id": "mine", "access_grants": [grant]})

    assert (before, shared.status_code) == (401, 200)
    assert member.get(f"{URL}/model?id=mine").status_code == 200
    again = member.post(f"{URL}/model/access/update", {"id": "mine", "access_grants": []})
    assert again.status_code == 401


def test_tags_of_upstream_models_are_the_admins(admin, member):
    make(admin, "beta", base_model_id=None)

    assert admin.get(f"{URL}/base/tags").json == ["work"]
    assert member.get(f"{URL}/base/tags").status_code == 401


@pytest.mark.parametrize(
    ("address", "begins"),
    [
        ("data:image/png;base64,AAAA", b"\0\0\0"),
        ("data:image/png;base64,iVBORw=", b"\x89PNG"),
        ("data:image/svg+xml;base64,AAAA", b"\x89PNG"),
        ("data:text/html;base64,AAAA", b"\x89PNG"),
        ("/static/logo.png", b"\x89PNG"),
        ("/index.html", b"\x89PNG"),
        ("/../../etc/passwd", b"\x89PNG"),
        ("https://elsewhere.example/x.png", b"\x89PNG"),
        ("", b"\x89PNG"),
    ],
)
def test_a_models_picture_is_its_own_or_one_of_this_server(admin, address, begins):
    make(admin, meta={"profile_image_url": address})

    answer = admin.get(f"{URL}/model/profile/image?id=mine")

    assert (answer.status_code, answer.content_type) == (200, "image/png")
    assert answer.data.startswith(begins)


def test_a_preset_takes_no_upstream_models_id(admin):
    offer("alpha", "beta", public=False)

    answer = admin.post(f"{URL}/create", form("beta"))

    assert answer.status_code == 401
    assert "taken" in answer.json["detail"]


def test_a_user_makes_a_preset_before_anybody_has_asked_for_the_models(
    member, worker, openai_server
):
    permit(workspace={"models": True})
    get_options().set({"OPENAI_API_BASE_URLS": [openai_server.url], "OPENAI_API_KEYS": ["k"]})
    models.outdate_offer()
    with db.transaction() as session:
        session.merge(describe("fake-alpha"))

    assert make(member, base_model_id="fake-alpha")["base_model_id"] == "fake-alpha"
