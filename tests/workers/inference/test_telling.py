"""What functions tell readers: into the answer, or beside it; and what the message keeps."""

import pytest

from shared.services.answers import Answer
from tests.services.things import new_job, new_user
from tests.workers.inference.answering import run
from workers.inference.telling import Teller


@pytest.fixture
def tell(work):
    """Tells events in the course of a job; gives the teller, the answer and the log's events."""

    def tell(*events):
        answer = Answer()
        tellers = []

        def do(job):
            tellers.append(Teller(job, answer))
            for event in events:
                tellers[0].tell(event)

        work.do = staticmethod(do)
        _, told = run(new_job(new_user()))
        return tellers[0], answer, [one for one in told if one[0] not in ("started", "completed")]

    return tell


def event(kind, **data):
    return {"type": kind, "data": data}


def test_messages_are_appended_to_the_answer(tell):
    _, answer, told = tell(
        event("message", content="one "), event("chat:message:delta", content="two")
    )

    assert answer.content() == "one two"
    assert "".join(data["text"] for _, data in told) == "one two"


def test_a_replacement_takes_the_place_of_all_before(tell):
    _, answer, told = tell(event("message", content="one"), event("replace", content="two"))

    assert answer.content() == "two"
    assert told[-1] == ("replace", {"content": "two"})


def test_statuses_sources_and_files_are_told_and_kept(tell):
    source = {"source": {"name": "x"}, "document": ["d"], "metadata": []}
    teller, answer, told = tell(
        event("status", description="Looking", done=False),
        event("citation", **source),
        event("files", files=[{"type": "image", "url": "/i.png"}]),
        event("notification", type="info", content="Hello"),
    )

    kept = teller.fields({"sources": ["before"]})
    assert answer.is_empty
    assert [data["type"] for _, data in told] == ["status", "citation", "files", "notification"]
    assert kept == {
        "statusHistory": [{"description": "Looking", "done": False}],
        "sources": ["before", source],
        "files": [{"type": "image", "url": "/i.png"}],
    }


@pytest.mark.parametrize("nonsense", [None, "text", 7, [], {}, {"type": 3}, {"data": {}}])
def test_what_is_no_event_is_passed_over(tell, nonsense):
    teller, answer, told = tell(nonsense)

    assert (answer.is_empty, told, teller.fields()) == (True, [], {})


def test_a_message_keeps_no_more_than_it_can_show(tell):
    teller, _, _ = tell(*[event("status", description=str(n)) for n in range(500)])

    assert len(teller.fields()["statusHistory"]) == 200
    assert teller.fields()["statusHistory"][-1] == {"description": "499"}
