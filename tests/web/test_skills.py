"""Skills, over HTTP."""

import pytest

from shared.config.options import get_options

URL = "/api/v1/skills"
ALLOWED = {"workspace": {"skills": True}}


def form(skill_id="plain", **values):
    return {"id": skill_id, "name": "Plain", "content": "Write plainly.", **values}


def make(caller, skill_id="plain", **values):
    answer = caller.post(f"{URL}/create", form(skill_id, **values))
    assert answer.status_code == 200, answer.text
    return answer.json


def grant(kind, one, action="read"):
    return {"principal_type": kind, "principal_id": one, "permission": action}


def ids(answer):
    assert answer.status_code == 200, answer.text
    found = answer.json if isinstance(answer.json, list) else answer.json["items"]
    return [skill["id"] for skill in found]


@pytest.fixture(autouse=True)
def _permitted(request, world):
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    get_options().set({"USER_PERMISSIONS": ALLOWED})


def test_a_skill_is_made_shown_changed_and_deleted(each_database, member):
    made = make(member, "Größe  Two", meta={"tags": ["a"], "color": "red"}, description="How")

    path = f"{URL}/id/{made['id']}"
    changed = member.post(f"{path}/update", form(name="Clear", content="a\x00b")).json
    shown = member.get(path).json

    assert (made["id"], made["user_id"], made["is_active"]) == ("größe-two", member.id, True)
    assert (made["access_control"], made["access_grants"]) == ({}, [])
    assert made["meta"] == {"tags": ["a"], "color": "red"}
    assert (changed["name"], changed["description"]) == ("Clear", None)
    assert (shown["content"], shown["user"]["id"]) == ("a\ufffdb", member.id)
    assert shown["write_access"] is True
    assert member.delete(f"{path}/delete").json is True
    assert member.get(path).status_code == 401


def test_an_id_is_taken_once_and_is_none_that_no_path_could_name(member, admin):
    make(member)

    assert admin.post(f"{URL}/create", form("PLAIN")).status_code == 400
    for wanted in ("", " ", "a/b", "..", "a\x00b", "a?b"):
        assert admin.post(f"{URL}/create", form(wanted)).status_code == 400


@pytest.mark.parametrize(
    "more",
    [{"name": ""}, {"content": "x" * 100_001}, {"content": None}, {"meta": []}, {"id": "x" * 257}],
)
def test_what_is_no_skill_is_refused(member, more):
    assert member.post(f"{URL}/create", {**form(), **more}).status_code == 422


def test_users_need_the_permission_and_admins_do_not(member, admin, stranger, new_caller):
    get_options().set({"USER_PERMISSIONS": {}})

    assert member.post(f"{URL}/create", form()).status_code == 401
    assert member.get(f"{URL}/export").status_code == 401
    assert admin.post(f"{URL}/create", form()).status_code == 200
    assert stranger.get(f"{URL}/").status_code == 403
    assert new_caller("pending").get(f"{URL}/").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", "/update"),
        ("POST", "/access/update"),
        ("POST", "/toggle"),
        ("DELETE", "/delete"),
    ],
)
def test_a_stranger_sees_no_skill_of_another(member, other, method, path):
    make(member)

    answer = other.send(method, f"{URL}/id/plain{path}", {**form(), "access_grants": []})

    assert answer.status_code == 401
    for listed in ("/", "/list", "/export"):
        assert ids(other.get(f"{URL}{listed}")) == []
    assert member.get(f"{URL}/id/plain").json["is_active"] is True


def test_who_may_read_may_not_write_until_it_is_allowed(member, other):
    make(member, access_grants=[grant("user", other.id)])
    assert ids(other.get(f"{URL}/")) == ["plain"]
    assert other.get(f"{URL}/id/plain").json["write_access"] is False
    assert other.post(f"{URL}/id/plain/toggle").status_code == 401

    both = [grant("user", other.id), grant("user", other.id, "write")]
    member.post(f"{URL}/id/plain/access/update", {"access_grants": both})

    assert other.post(f"{URL}/id/plain/toggle").json["is_active"] is False
    assert [s["write_access"] for s in other.get(f"{URL}/list").json["items"]] == [True]


def test_whom_it_lets_in_stays_unless_a_change_says_it(member, other):
    make(member, access_grants=[grant("user", other.id)])

    kept = member.post(f"{URL}/id/plain/update", form()).json
    taken = member.post(f"{URL}/id/plain/update", form(access_grants=[])).json

    assert [one["principal_id"] for one in kept["access_grants"]] == [other.id]
    assert taken["access_grants"] == []


def test_making_one_public_needs_a_permission_of_its_own(member, other):
    everybody = [grant("user", "*")]
    make(member, "private", access_grants=everybody)
    get_options().set({"USER_PERMISSIONS": {**ALLOWED, "sharing": {"public_skills": True}}})
    make(member, "public", access_grants=everybody)

    assert ids(other.get(f"{URL}/")) == ["public"]


def test_skills_are_found_by_id_name_and_description_page_by_page(each_database, member, other):
    make(other, "given", access_grants=[grant("user", member.id)])
    for number in range(31):
        make(member, f"number-{number}", description=f"Größe {number}")

    def search(query):
        return ids(member.get(f"{URL}/list?{query}"))

    assert search("query=GRÖSSE 30") == search("query=number-30") == ["number-30"]
    assert search("view_option=shared") == ["given"]
    assert len(search("view_option=created")) == 30
    assert len(search("page=2")) == 2
    assert member.get(f"{URL}/list").json["total"] == 32
    assert member.get(f"{URL}/list?page=0").status_code == 422


def test_lists_leave_the_text_out_and_the_export_has_it(member):
    make(member)

    assert "content" not in member.get(f"{URL}/").json[0]
    assert [skill["content"] for skill in member.get(f"{URL}/export").json] == ["Write plainly."]
