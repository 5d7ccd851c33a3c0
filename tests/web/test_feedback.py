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
