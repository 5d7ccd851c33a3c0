"""Notes, over HTTP."""

import pytest

from shared import db
from shared.models import Base
from shared.services import removal
from tests.services.things import new_group

URL = "/api/v1/notes"


def form(title="Plans", text="Go to Rome", **values):
    return {"title": title, "data": {"content": {"md": text, "json": None}}, **values}


def make(caller, **values):
    answer = caller.post(f"{URL}/create", form(**values))
    assert answer.status_code == 200, answer.text
    return answer.json


def grant(kind, one, action="read"):
    return {"principal_type": kind, "principal_id": one, "permission": action}


def titles(answer):
    assert answer.status_code == 200, answer.text
    found = answer.json if isinstance(answer.json, list) else answer.json["items"]
    return [note["title"] for note in found]


def test_a_note_is_made_shown_changed_and_deleted(each_database, member):
    made = make(member, meta={"tags": ["a"]})

    change = {"title": "Größe 📝", "data": {"versions": []}, "meta": {"color": "red"}}
    changed = member.post(f"{URL}/{made['id']}/update", change).json
    shown = member.get(f"{URL}/{made['id']}").json
    deleted = member.delete(f"{URL}/{made['id']}/delete").json

    assert (made["user_id"], made["access_control"], made["access_grants"]) == (member.id, {}, [])
    assert (shown["title"], shown["meta"]) == ("Größe 📝", {"tags": ["a"], "color": "red"})
    assert set(shown["data"]) == {"content", "versions"}
    assert changed["updated_at"] > made["created_at"] > 1_600_000_000_000_000_000
    assert deleted is True
    assert member.get(f"{URL}/{made['id']}").status_code == 404


def test_what_is_not_named_stays(member):
    made = make(member)

    changed = member.post(f"{URL}/{made['id']}/update", {}).json

    assert {**changed, "updated_at": 0} == {**made, "updated_at": 0}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", "/update"),
        ("POST", "/access/update"),
        ("POST", "/pin"),
        ("DELETE", "/delete"),
    ],
)
def test_a_stranger_sees_no_note_of_another(member, other, method, path):
    made = make(member)

    answer = other.send(method, f"{URL}/{made['id']}{path}", {"title": "x", "access_grants": []})

    assert answer.status_code == 404
    assert titles(other.get(f"{URL}/")) == titles(other.get(f"{URL}/search")) == []
    assert member.get(f"{URL}/{made['id']}").json["title"] == "Plans"


def test_nobody_and_pending_accounts_have_no_notes(stranger, new_caller):
    assert stranger.get(f"{URL}/").status_code == 403
    assert new_caller("pending").post(f"{URL}/create", form()).status_code == 401


def test_who_may_read_may_not_write_and_who_may_write_may_not_share(member, other):
    made = make(member, access_grants=[grant("user", other.id)])
    path = f"{URL}/{made['id']}"
    assert titles(other.get(f"{URL}/")) == ["Plans"]
    assert other.post(f"{path}/update", {"title": "x"}).status_code == 401

    both = [grant("user", other.id), grant("user", other.id, "write")]
    shared = member.post(f"{path}/access/update", {"access_grants": both}).json

    assert [one["permission"] for one in shared["access_grants"]] == ["read", "write"]
    assert other.post(f"{path}/update", {"title": "Ours"}).json["title"] == "Ours"
    assert other.post(f"{path}/access/update", {"access_grants": []}).status_code == 401
    assert other.post(f"{path}/update", {"access_grants": []}).status_code == 401
    assert other.delete(f"{path}/delete").status_code == 401


def test_a_group_may_be_let_in(member, other):
    group = new_group([other.id])

    make(member, access_control={"read": {"group_ids": [group]}, "write": {}})

    assert titles(other.get(f"{URL}/")) == ["Plans"]


def test_admins_make_notes_public_and_users_do_not(admin, member, other):
    everybody = [grant("user", "*")]

    make(admin, title="News", access_grants=everybody)
    make(member, title="Mine", access_grants=everybody)

    assert titles(other.get(f"{URL}/")) == ["News"]


def test_the_list_of_an_admin_is_not_everybodys(admin, member):
    made = make(member)

    assert titles(admin.get(f"{URL}/")) == []
    assert admin.delete(f"{URL}/{made['id']}/delete").json is True


def test_notes_are_found_by_title_and_text(each_database, member, other):
    make(member, title="Alpha", text="Größe")
    make(member, title="beta")
    make(other, title="given", access_grants=[grant("user", member.id)])

    def search(query):
        return titles(member.get(f"{URL}/search?{query}"))

    assert search("query=GRÖSSE") == ["Alpha"]
    assert search("query=rome") == ["given", "beta"]
    assert search("order_by=title&direction=asc") == ["Alpha", "beta", "given"]
    assert search("view_option=shared") == ["given"]
    assert search("view_option=created&order_by=created_at") == ["beta", "Alpha"]
    assert search("permission=write") == ["beta", "Alpha"]
    assert search("page=2") == []
    assert member.get(f"{URL}/search").json["total"] == 3


@pytest.mark.parametrize("query", ["page=0", "page=x", "order_by=user_id", "permission=own"])
def test_a_search_of_the_wrong_form_is_refused(member, query):
    assert member.get(f"{URL}/search?{query}").status_code == 422


def test_each_user_has_pins_of_their_own(member, other):
    made = make(member, access_grants=[grant("user", other.id)])

    pinned = member.post(f"{URL}/{made['id']}/pin").json

    assert pinned["is_pinned"] is True
    assert titles(member.get(f"{URL}/pinned")) == ["Plans"]
    assert titles(other.get(f"{URL}/pinned")) == []
    assert member.post(f"{URL}/{made['id']}/pin").json["is_pinned"] is False
    assert titles(member.get(f"{URL}/pinned")) == []


@pytest.mark.parametrize(
    "change", [{"title": None}, {"title": "x" * 1001}, {"data": "text"}, {"meta": []}]
)
def test_what_is_no_note_is_refused(member, change):
    assert member.post(f"{URL}/create", {**form(), **change}).status_code == 422


def test_the_notes_of_a_deleted_account_go_with_it(each_database, member, other, admin):
    made = make(member, access_grants=[grant("user", other.id)])
    other.post(f"{URL}/{made['id']}/pin")

    with db.transaction():
        removal.remove(member.id, admin.id)

    assert titles(other.get(f"{URL}/")) == []
    with db.reading() as session:
        for name in ("note", "note_pin"):
            assert not session.execute(Base.metadata.tables[name].select()).all()
