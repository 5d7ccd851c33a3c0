"""Feedback, over HTTP."""

import pytest

URL = "/api/v1/evaluations"

pytestmark = pytest.mark.usefixtures("world")


def form(**values):
    return {
        "type": "rating",
        "data": {"rating": 1, "model_id": "alpha", "tags": ["tone"], "details": {"rating": 9}},
        "meta": {"arena": False, "message_id": "m"},
        "snapshot": {"chat": {"title": "A chat"}},
        **values,
    }


def make(caller, **values):
    answer = caller.post(f"{URL}/feedback", form(**values))
    assert answer.status_code == 200, answer.text
    return answer.json


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json]


def test_feedback_is_given_shown_changed_and_deleted(each_database, member):
    made = make(member)
    url = f"{URL}/feedback/{made['id']}"

    changed = member.post(url, {"type": "rating", "data": {"rating": -1, "comment": "no"}})
    shown = member.get(url).json
    deleted = member.delete(url)

    assert (made["user_id"], made["version"]) == (member.id, 0)
    assert made["data"] == form()["data"]
    assert changed.json["data"] == shown["data"] == {"rating": -1, "comment": "no"}
    assert shown["snapshot"] == {"chat": {"title": "A chat"}}
    assert deleted.json is True
    assert member.get(url).status_code == 404


def test_feedback_is_its_authors_and_admins_read_and_delete_it(member, other, admin):
    url = f"{URL}/feedback/{make(member)['id']}"

    assert [other.get(url).status_code, other.delete(url).status_code] == [404, 404]
    assert [other.post(url, form()).status_code, admin.post(url, form()).status_code] == [404, 404]
    assert admin.get(url).status_code == 200
    assert admin.delete(url).json is True


def test_admins_list_all_with_authors_and_without_snapshots(each_database, member, other, admin):
    made = {make(member)["id"], make(other)["id"]}

    rows = admin.get(f"{URL}/feedbacks/all").json
    page = admin.get(f"{URL}/feedbacks/list").json
    export = admin.get(f"{URL}/feedbacks/all/export").json

    assert {row["id"] for row in rows} == made
    assert {row["user"]["id"] for row in rows} == {member.id, other.id}
    assert all("snapshot" not in row for row in rows)
    assert (page["total"], len(page["items"])) == (2, 2)
    assert all(row["snapshot"]["chat"] == {"title": "A chat"} for row in export)


@pytest.mark.parametrize("path", ["feedbacks/all", "feedbacks/all/export", "feedbacks/list"])
def test_lists_of_all_are_for_admins(member, path):
    assert member.get(f"{URL}/{path}").status_code == 401


def test_users_list_and_delete_their_own(member, other):
    mine, hers = make(member)["id"], make(other)["id"]

    listed = ids(member.get(f"{URL}/feedbacks/user"))
    deleted = member.delete(f"{URL}/feedbacks")

    assert (listed, deleted.json) == ([mine], True)
    assert ids(member.get(f"{URL}/feedbacks/user")) == []
    assert ids(other.get(f"{URL}/feedbacks/user")) == [hers]


def test_an_admin_deletes_all(member, admin):
    make(member)

    assert member.delete(f"{URL}/feedbacks/all").status_code == 401
    assert admin.delete(f"{URL}/feedbacks/all").json is True
    assert ids(admin.get(f"{URL}/feedbacks/all")) == []


@pytest.mark.parametrize("change", [{"type": None}, {"data": 1}, {"data": {"rating": [1]}}])
def test_what_is_no_feedback_is_refused(member, change):
    assert member.post(f"{URL}/feedback", form(**change)).status_code == 422


def test_a_leaderboard_is_made_of_what_was_compared(member, admin):
    def say(rating, winner, *others, tags=()):
        data = {"rating": rating, "model_id": winner, "sibling_model_ids": list(others)}
        make(member, data={**data, "tags": list(tags)})

    say(1, "alpha", "beta", tags=["Cooking"])
    say("1", "alpha", "beta", "gamma", tags=["Law"])
    say(-1, "gamma", "beta")
    say(1, "delta")  # compares nothing
    say(None, "alpha", "beta")

    entries = admin.get(f"{URL}/leaderboard").json["entries"]
    about = admin.get(f"{URL}/leaderboard?query=cook").json["entries"]

    assert [e["model_id"] for e in entries] == ["alpha", "beta", "gamma"]
    assert [(e["won"], e["lost"], e["count"]) for e in entries] == [(3, 0, 3), (1, 2, 3), (0, 2, 2)]
    assert entries[0]["top_tags"] == [{"name": "Cooking", "count": 1}, {"name": "Law", "count": 1}]
    assert [(e["model_id"], e["rating"]) for e in about] == [("alpha", 1016), ("beta", 984)]
    assert member.get(f"{URL}/leaderboard").status_code == 401


@pytest.mark.parametrize(
    "data",
    [{"model_id": "", "rating": 1}, {"sibling_model_ids": []}, {"tags": "x", "rating": "no"}],
)
def test_odd_feedback_breaks_no_leaderboard(member, admin, data):
    make(member, data=data)

    assert admin.get(f"{URL}/leaderboard").json == {"entries": []}


def test_admins_list_ids_and_rated_models(member, admin):
    made = make(member)["id"]

    assert [row["id"] for row in admin.get(f"{URL}/feedbacks/all/ids").json] == [made]
    assert admin.get(f"{URL}/feedbacks/models").json == ["alpha"]
    assert member.get(f"{URL}/feedbacks/models").status_code == 401
