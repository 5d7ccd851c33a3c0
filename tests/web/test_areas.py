"""Who may enter: every door, walked by whoever may not."""

import re

import pytest

from web import areas

# Where OpenAI's clients expect 403 instead of the contract's 401.
FORBIDDEN = {401, 403}


def doors(app, *kinds):
    """All routes whose door is of one of these kinds: method and an address."""
    listed = {area.blueprint.name: area.who for area in areas.AREAS}
    with app.app_context():
        for rule in app.url_map.iter_rules():
            area = rule.endpoint.partition(".")[0]
            if area in listed and areas.who_may_enter(rule.endpoint, listed[area]) in kinds:
                path = re.sub(r"<int[^>]*>", "1", rule.rule)
                for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                    yield method, re.sub(r"<[^>]+>", "x", path)


def let_in(caller, *kinds):
    """The doors of these kinds that do not keep a caller out."""
    answers = [
        (method, path, caller.send(method, path, {})) for method, path in doors(caller.app, *kinds)
    ]
    assert len(answers) > 5
    refused = [a for _, _, a in answers if a.status_code in FORBIDDEN]
    # Pages say it in words for people.
    assert all(a.mimetype == "text/html" or "detail" in a.json for a in refused)
    return [(method, path) for method, path, a in answers if a.status_code not in FORBIDDEN]


def test_an_account_that_waits_enters_no_door_of_members_and_admins(new_caller):
    assert let_in(new_caller("pending"), areas.MEMBER, areas.ADMIN) == []


def test_a_member_enters_no_door_of_admins(member):
    assert let_in(member, areas.ADMIN) == []


def test_a_stranger_enters_no_door_but_the_public_ones(stranger):
    assert let_in(stranger, areas.SIGNED_IN, areas.MEMBER, areas.ADMIN) == []


@pytest.mark.parametrize("path", ["/openai/config", "/api/v1/chats/", "/api/v1/auths/"])
def test_a_browser_may_ask_at_every_door_what_it_may_send(stranger, path):
    assert stranger.send("OPTIONS", path).status_code == 200


def test_a_door_of_its_own_counts_before_that_of_its_area(app):
    with app.app_context():
        assert areas.who_may_enter("openai.list_models", areas.ADMIN) == areas.MEMBER
        assert areas.who_may_enter("openai.verify", areas.ADMIN) == areas.ADMIN
