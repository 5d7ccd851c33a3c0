"""Configuration that pages read: notices."""

import pytest

BANNERS = "/api/v1/configs/banners"
BANNER = {
    "id": "b1",
    "type": "info",
    "title": "é漢🙂",
    "content": "**Hello**",
    "dismissible": True,
    "timestamp": 1700000000,
}


def test_there_are_no_notices_at_first(member):
    answer = member.get(BANNERS)

    assert (answer.status_code, answer.json) == (200, [])


def test_an_admin_puts_notices_up_and_takes_them_down(each_database, admin, member):
    answer = admin.post(BANNERS, {"banners": [BANNER]})

    assert (answer.status_code, answer.json) == (200, [BANNER])
    assert member.get(BANNERS).json == [BANNER]
    assert admin.post(BANNERS, {"banners": []}).json == []
    assert member.get(BANNERS).json == []


def test_a_notice_needs_no_title(admin):
    banner = {name: value for name, value in BANNER.items() if name != "title"}

    assert admin.post(BANNERS, {"banners": [banner]}).json == [{**banner, "title": None}]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"banners": "text"},
        {"banners": [{}]},
        {"banners": [{**BANNER, "timestamp": "soon"}]},
        {"banners": [{**BANNER, "dismissible": None}]},
    ],
)
def test_what_are_no_notices_is_refused(admin, body):
    assert admin.post(BANNERS, body).status_code == 422


def test_notices_are_read_by_members_and_written_by_admins(member, stranger, new_caller):
    assert member.post(BANNERS, {"banners": []}).status_code == 401
    assert stranger.get(BANNERS).status_code == 403
    assert new_caller("pending").get(BANNERS).status_code == 401
