"""A job's events in the form of the page's sockets."""

import pytest

from shared import db, relay
from shared.kinds.catalogue import REFRESH_MODELS
from shared.kinds.filters import RUN_OUTLET
from shared.kinds.functions import RUN_ACTION
from shared.kinds.inference import RUN_CHAT, WRITE_FOLLOW_UPS, WRITE_TAGS, WRITE_TITLE
from shared.models.job import COMPLETED
from shared.services import messages
from tests.services.things import change_job, new_user, running_answer
from web.stream import turns
from web.stream.turns import Notice, Turn, translator

pytestmark = pytest.mark.usefixtures("world")
ACTIVE = [Notice("", {"active": True}, newer="chat:active")]
IDLE = [Notice("", {"active": False}, newer="chat:active")]


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when told to."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(turns, "time", made)
    return made


def event(kind, **data):
    return relay.encode(kind, 1, data)


def text(*pieces):
    return [event("delta", text=piece) for piece in pieces]


def completion(**data):
    return Notice("chat:completion", data, is_delta=True)


def piece(content):
    return completion(choices=[{"index": 0, "delta": {"content": content}}])


@pytest.fixture
def turn(clock):
    """The turn of an answer in no stored chat, that has begun."""
    made = Turn("c", "a")
    assert made.take([event("started")]) == ACTIVE
    return made


def test_an_answer_begins_once(turn):
    assert turn.take([event("started")]) == []


def test_neighbouring_pieces_are_told_as_one(turn):
    assert turn.take(text("It ", "was ", "dark.")) == [piece("It was dark.")]
    assert turn.take(text("!")) == [piece("!")]


def test_what_functions_tell_the_page_is_passed_on(turn):
    said = {"type": "info", "content": "Hello"}

    told = turn.take([event("event", type="notification", data=said)])

    assert told == [Notice("notification", said)]


def test_an_answer_that_is_replaced_is_told_as_a_whole(turn, clock):
    told = turn.take([*text("one"), event("replace", content="two")])

    assert told == [piece("one"), completion(content="two")]


def test_who_was_picked_in_the_arena_is_told(turn):
    told = turn.take([event("selected", selected_model_id="beta")])

    assert told == [Notice("chat:completion", {"selected_model_id": "beta"})]


def test_code_is_told_as_a_whole_while_it_grows_and_when_it_has_run(turn, clock):
    turn.take(text("See.\n"))
    clock.now += 1

    begun = turn.take([event("code", id="1", lang="python", code="", done=False)])
    clock.now += 1
    grown = turn.take([event("code", id="1", piece="print(1)")])
    clock.now += 1
    output = {"stdout": "1", "stderr": "", "result": ""}
    ended = turn.take([event("code", id="1", code="print(1)", done=True, output=output)])

    contents = [told[0].data["content"] for told in (begun, grown, ended)]
    assert all('done="false"' in content for content in contents[:2])
    assert "```python\nprint(1)\n```" in contents[1]
    assert "<summary>Analyzing...</summary>" in contents[1]
    assert 'done="true" output="{&quot;stdout&quot;:&quot;1&quot;' in contents[2]


@pytest.mark.parametrize("kind", [RUN_ACTION.name, RUN_OUTLET.name])
def test_what_functions_tell_of_an_answer_that_is_there_is_passed_on(kind):
    told = translator(kind, "c", "a", "").take(
        [
            event("started"),
            event("event", type="status", data={"description": "x"}),
            *text("more"),
            event("replace", content="all"),
            event("completed", answer=1),
        ]
    )

    assert told == [
        Notice("status", {"description": "x"}),
        Notice("message", {"content": "more"}),
        Notice("replace", {"content": "all"}),
    ]


def test_usage_and_sources_are_told_between_the_pieces(turn):
    told = turn.take([*text("a"), event("usage", total_tokens=1), *text("b")])

    assert told == [
        piece("a"),
        Notice("chat:completion", {"usage": {"total_tokens": 1}}),
        piece("b"),
    ]
    (source,) = turn.take([event("source", sources=[{"source": {"name": "x"}}])])
    assert source.data == {"sources": [{"source": {"name": "x"}}]}


def test_an_answer_with_reasoning_is_told_as_a_whole(turn, clock):
    (notice,) = turn.take([event("delta", reasoning="hm")])

    assert notice.data["content"].startswith('<details type="reasoning" done="false">')
    assert notice.is_delta


def test_a_whole_is_told_ten_times_a_second_at_most(turn, clock):
    turn.take([event("delta", reasoning="one ")])
    told = []
    for _ in range(20):
        clock.now += 0.02
        told += turn.take([event("delta", reasoning="more ")])

    assert len(told) in (3, 4)
    clock.now += 0.2
    (last,) = turn.tick()
    assert last.data["content"].count("more") == 20
    assert turn.tick() == []


def test_after_a_restart_the_whole_is_told_anew(turn, clock):
    turn.take(text("half"))
    assert turn.take([event("restarted", attempt=2)]) == []
    clock.now += 1

    assert turn.take(text("anew")) == [completion(content="anew")]
    assert turn.take(text("!")) == [piece("!")]


def test_a_page_that_has_just_loaded_the_chat_gets_the_whole(turn, clock):
    turn.take(text("It was "))
    turn.heal()
    clock.now += 1

    assert turn.take(text("dark")) == [completion(content="It was dark")]
    assert turn.take(text("!")) == [piece("!")]
    clock.now += 1.5
    assert turn.take(text("?")) == [completion(content="It was dark!?")]
    clock.now += 20
    assert turn.take(text(".")) == [piece(".")]


def test_an_answer_that_goes_on_is_told_with_what_there_was(clock):
    turn = Turn("c", "a", before="It was ")
    turn.heal()
    turn.take([event("started")])
    clock.now += 1

    assert turn.take(text("dark")) == [completion(content="It was dark")]


# Waiting


def test_a_place_in_line_is_shown_and_taken_back(turn):
    (shown,) = turn.take([event("queued", position=3)])
    taken_back, first = turn.take(text("a"))

    assert shown == Notice("status", {"done": False, "description": "Waiting, place 3 in line"})
    assert taken_back.data == {**shown.data, "done": True, "hidden": True}
    assert first == piece("a")


def test_a_provider_that_is_asked_again_is_shown(turn):
    waits = {"description": "host answered 429", "retry_in_s": 1.0, "done": False}

    (shown,) = turn.take([event("status", **waits)])

    assert shown == Notice("status", waits)


# Endings


@pytest.fixture
def stored():
    """A stored answer that is being written, with its turn."""
    chat_id, job_id = running_answer(new_user(), title="Named")
    return chat_id, job_id


def finish(chat_id, job_id, content, **fields):
    with db.transaction():
        messages.finish_answer(chat_id, "a", job_id, content, fields)
    change_job(job_id, status=COMPLETED)


def test_the_end_tells_what_was_stored(stored):
    chat_id, job_id = stored
    turn = Turn(chat_id, "a")
    turn.take([event("started"), *text("It was dark")])
    finish(chat_id, job_id, "It was dark.")

    told = turn.take([event("delta", finish_reason="stop"), event("completed")])

    end = Notice("chat:completion", {"done": True, "content": "It was dark.", "title": "Named"})
    assert told == [end, *IDLE]
    assert turn.tick() == []


def test_without_a_stored_chat_the_end_tells_what_was_said(turn):
    turn.take(text("It was dark."))

    (end, *_) = turn.take([event("completed")])

    assert end.data == {"done": True, "content": "It was dark.", "title": ""}


def test_a_stop_is_told_under_both_names_before_the_end(turn):
    turn.take(text("It was "))

    stopped, end, *rest = turn.take([event("cancelled")])

    assert stopped == Notice("task-cancelled", newer="chat:tasks:cancel")
    assert (end.data["content"], rest) == ("It was ", IDLE)


def test_a_failure_is_told_in_the_jobs_words_before_the_end(turn):
    failed, end, *rest = turn.take([*text("half"), event("failed", error="host: no")])[1:]

    assert failed.data == {"error": {"content": "host: no", "detail": "host: no"}}
    assert (failed.type, failed.newer) == ("chat:completion", "chat:message:error")
    assert (end.data["content"], rest) == ("half", IDLE)


def test_a_status_that_still_stands_is_taken_back_at_the_end(turn):
    turn.take([event("queued", position=1)])

    taken_back, *_ = turn.take([event("cancelled")])

    assert taken_back.data["hidden"] is True


def test_the_end_is_told_once_more_to_a_page_that_came_a_moment_ago(turn, clock):
    turn.take(text("a"))
    turn.heal()
    turn.take([event("completed")])

    assert [notice.data["done"] for notice in turn.encore()] == [True]
    clock.now += 60
    assert turn.encore() == []


def test_to_everybody_else_the_end_is_told_once(turn):
    turn.take([event("completed")])

    assert turn.encore() == []


# Title and tags


@pytest.mark.parametrize(
    ("spec", "data", "notice"),
    [
        (WRITE_TITLE, {"title": "Named"}, [Notice("chat:title", "Named")]),
        (WRITE_TAGS, {"tags": ["a", "b"]}, [Notice("chat:tags", ["a", "b"])]),
        (WRITE_TITLE, {"title": ""}, []),
        (WRITE_TAGS, {}, []),
        (
            WRITE_FOLLOW_UPS,
            {"follow_ups": ["Why?"]},
            [Notice("chat:message:follow_ups", {"follow_ups": ["Why?"]})],
        ),
    ],
)
def test_title_and_tags_are_told_when_they_are_there(spec, data, notice):
    follower = translator(spec.name, "c", "a", "")

    assert follower.take([event("started")]) == []
    assert follower.take([event("completed", **data)]) == notice
    assert (follower.tick(), follower.encore(), follower.heal()) == ([], [], None)


@pytest.mark.parametrize("ending", ["failed", "cancelled"])
def test_a_title_that_was_not_found_is_not_told(ending):
    assert translator(WRITE_TITLE.name, "c", "a", "").take([event(ending, error="x")]) == []


def test_what_does_not_concern_a_chat_is_told_to_no_page():
    assert isinstance(translator(RUN_CHAT.name, "c", "a", "x"), Turn)
    assert translator(REFRESH_MODELS.name, "c", "a", "") is None


def test_reasoning_between_tags_reaches_the_page_folded_however_it_is_cut(clock):
    turn = Turn("c", "a")
    shown = ""
    for piece in ["<", "thi", "nk>", "hm", "</think>", "\n", "Yes."]:
        clock.now += 1.0
        for notice in turn.take(text(piece)):
            data = notice.data if notice.type == "chat:completion" else {}
            shown = data.get("content", shown)
            for choice in data.get("choices") or ():
                shown += choice["delta"]["content"]

    assert shown.startswith('<details type="reasoning" done="true"')
    assert shown.endswith("</details>\n\nYes.")
    assert "<think>" not in shown


def test_a_call_of_a_tool_is_told_as_a_whole_before_and_after(turn, clock):
    call = {"id": "1", "name": "add", "arguments": "{}"}

    begun = turn.take([*text("See."), event("tool_call", **call, done=False)])
    clock.now += 1
    ended = turn.take([event("tool_call", **call, done=True, result="5", files=[])])

    assert "<summary>Executing...</summary>" in begun[-1].data["content"]
    assert 'result="&quot;5&quot;"' in ended[-1].data["content"]
