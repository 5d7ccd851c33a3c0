"""One chat answer, from its claimed job over a (fake) provider back into its message."""

import pytest

from shared import db
from shared.config.options import get_options
from shared.models.job import COMPLETED, Job
from shared.services import accounts, chats, messages, models, usage
from shared.services.connections import OLLAMA
from tests.fakes.script import answer_for
from tests.services.inside import sent
from tests.services.things import (
    describe,
    message,
    new_chat,
    new_job,
    new_user,
    offer,
    row_of,
    stored_message,
    tree,
)
from tests.workers.inference.answering import QUESTION, answer, in_chat, payload, run, text_of
from workers import live
from workers.inference import aim


@pytest.fixture(autouse=True)
def _served(world, openai_server):
    offer("fake-alpha", url=openai_server.url)


@pytest.fixture
def owner():
    return new_user()


# Well


def test_an_answer_is_relayed_piece_by_piece(owner):
    job, events = answer(owner, body={"stream_options": {"include_usage": True}})

    kinds = [kind for kind, _ in events]
    assert (kinds[0], kinds[-2:]) == ("started", ["usage", "completed"])
    assert set(kinds[1:-2]) == {"delta"}
    assert text_of(events) == answer_for(QUESTION)
    assert job.status == COMPLETED
    assert job.result["text"] == answer_for(QUESTION)
    assert job.usage["total_tokens"] > 0
    assert events[-1][1] == {"finish_reason": "stop", "usage": job.usage}


def test_reasoning_and_tool_calls_are_told_beside_the_text(owner):
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]

    _, thinking = answer(owner, "think=2 say=yes")
    job, calling = answer(owner, "tool=weather args=city:Rome", body={"tools": tools})

    thoughts = "".join(data.get("reasoning", "") for _, data in thinking)
    assert (thoughts, text_of(thinking)) == ("thought1 thought2 ", "yes")
    assert thinking[-1][1]["message"]["reasoning_content"] == thoughts
    assert any("tool_calls" in data for _, data in calling)
    (call,) = job.result["message"]["tool_calls"]
    assert call["function"] == {"name": "weather", "arguments": '{"city": "Rome"}'}
    assert job.result["finish_reason"] == "tool_calls"


def test_an_answer_in_one_piece_comes_at_once(owner):
    job, events = answer(owner, is_stream=False)

    kinds = [kind for kind, _ in events]
    assert kinds == ["started", "delta", "delta", "usage", "completed"]
    assert text_of(events) == answer_for(QUESTION)
    assert job.result["completion"]["object"] == "chat.completion"
    assert job.result["text"] == answer_for(QUESTION)
    assert "text" not in events[-1][1]


def test_an_answer_is_stored_in_its_message(each_database, openai_server):
    offer("fake-alpha", url=openai_server.url)
    chat_id, job_id = in_chat(new_user())

    run(job_id)

    row = stored_message(chat_id, "a")
    assert (row.content, row.is_running) == (answer_for(QUESTION), False)
    assert row.data["done"] is True


def test_what_stood_there_before_is_gone_on_with(owner):
    before = message("a", "q", "assistant", content="It was ")
    stored = new_chat(owner, message("q"), before)
    job_id = new_job(owner, payload=payload("say=dark."), chat_id=stored.id, message_id="a")
    with db.transaction():
        messages.start_answer(chats.find(stored.id), "a", job_id, "fake-alpha", before=None)

    run(job_id)

    assert stored_message(stored.id, "a").content == "It was dark."


# What the provider is asked


def asked(openai_server):
    return openai_server.log()[-1]["json"]


def test_the_provider_is_asked_by_its_own_name_for_the_model(owner, openai_server):
    offer("p.fake-alpha", url=openai_server.url)
    get_options().set({"OPENAI_API_CONFIGS": {"0": {"prefix_id": "p"}}})

    job, _ = answer(owner, model="p.fake-alpha", body={"temperature": 0.5, "x_unknown": [1]})

    request = asked(openai_server)
    assert job.status == COMPLETED
    assert (request["model"], request["stream"]) == ("fake-alpha", True)
    assert (request["temperature"], request["x_unknown"]) == (0.5, [1])


def test_the_models_own_parameters_count_before_those_of_the_request(owner, openai_server):
    params = {"temperature": 0.1, "seed": None, "system": "x", "function_calling": "native"}
    with db.transaction() as session:
        session.merge(describe("fake-alpha", params=params))
    models.forget_catalogue()

    answer(owner, body={"temperature": 0.9, "seed": 5})

    request = asked(openai_server)
    assert (request["temperature"], request["seed"]) == (0.1, 5)
    assert not {"system", "function_calling"} & set(request)


def test_a_preset_asks_its_base(owner, openai_server):
    with db.transaction() as session:
        session.merge(describe("mine", base_model_id="fake-alpha", params={"top_p": 0.3}))
    models.forget_catalogue()

    job, _ = answer(owner, model="mine")

    assert (job.status, asked(openai_server)["model"]) == (COMPLETED, "fake-alpha")
    assert asked(openai_server)["top_p"] == 0.3


def preset_of(params, base="fake-alpha"):
    with db.transaction() as session:
        session.merge(describe("mine", base_model_id=base, params=params))
    models.forget_catalogue()


def test_a_presets_system_prompt_stands_in_front_with_its_words_filled(owner, openai_server):
    preset_of({"system": "You help {{USER_NAME}} in {{USER_LANGUAGE}} on {{CURRENT_DATE}}. {{X}}"})
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}]
    variables = {"{{USER_LANGUAGE}}": "{{USER_NAME}}", "{{CURRENT_DATE}}": "today"}

    answer(owner, model="mine", body={"messages": messages}, variables=variables)

    first = asked(openai_server)["messages"][0]
    assert first["role"] == "system"
    # What a client puts for a word is not filled once more.
    assert first["content"] == (
        f"You help {owner.name} in {{{{USER_NAME}}}} on today. {{{{X}}}}\nBe kind."
    )


def test_a_presets_system_prompt_becomes_the_system_message_where_there_is_none(
    owner, openai_server
):
    preset_of({"system": "Be brief."})

    answer(owner, model="mine")

    roles = [m["role"] for m in asked(openai_server)["messages"]]
    assert roles == ["system", "user"]


def test_only_what_an_openai_server_understands_is_sent_there(owner, openai_server):
    preset_of({"num_ctx": 4096, "top_p": 0.0, "logit_bias": "5:-100", "keep_alive": "5m"})

    answer(owner, model="mine")

    request = asked(openai_server)
    assert (request["top_p"], request["logit_bias"]) == (0.0, {"5": -100})
    assert not {"num_ctx", "keep_alive"} & set(request)


def test_an_ollama_preset_sends_its_options(owner, ollama_server):
    offer("fake-alpha", url=ollama_server.url, kind=OLLAMA)
    preset_of({"num_ctx": 4096, "temperature": 0, "max_tokens": 7, "keep_alive": "5m"})

    answer(owner, model="mine", body={"options": {"temperature": 1, "top_k": 3}})

    request = asked(ollama_server)
    wanted = {"num_ctx": 4096, "temperature": 0, "num_predict": 7, "top_k": 3}
    assert (request["options"], request["keep_alive"]) == (wanted, "5m")


def test_an_ollama_server_answers_in_the_same_form(owner, ollama_server):
    offer("fake-alpha", url=ollama_server.url, kind=OLLAMA)

    job, events = answer(owner)

    assert (job.status, text_of(events)) == (COMPLETED, answer_for(QUESTION))
    assert events[-1][1]["usage"]["total_tokens"] > 0


# What follows


def followers_of(job_id):
    with db.reading() as session:
        return {job.kind: job for job in session.query(Job) if job.parent_id == job_id}


def test_title_and_tags_follow_a_first_answer(each_database, openai_server):
    offer("fake-alpha", url=openai_server.url)
    chat_id, job_id = in_chat(new_user(), wants_title=True, wants_tags=True)

    run(job_id)

    found = followers_of(job_id)
    assert set(found) == {"inference.write_title", "inference.write_tags"}
    assert {(job.chat_id, job.message_id) for job in found.values()} == {(chat_id, "a")}
    assert sorted(sent("default")) == sorted(job.id for job in found.values())


@pytest.mark.parametrize("question", ["fail=400", "tokens=9 cut=3"])
def test_nothing_follows_an_answer_that_failed(owner, question):
    _, job_id = in_chat(owner, question, wants_title=True, wants_tags=True)

    run(job_id)

    assert followers_of(job_id) == {}


def test_what_was_switched_off_meanwhile_does_not_follow(owner):
    _, job_id = in_chat(owner, wants_title=True, wants_tags=True)
    get_options().set({"ENABLE_TITLE_GENERATION": False})

    run(job_id)

    assert set(followers_of(job_id)) == {"inference.write_tags"}


def test_nothing_follows_an_answer_that_no_chat_keeps(owner):
    job, _ = answer(owner, wants_title=True, wants_tags=True)

    assert followers_of(job.id) == {}


@pytest.mark.parametrize("is_first", [True, False])
def test_who_wants_no_title_made_has_the_first_question_as_title(owner, is_first):
    _, job_id = in_chat(owner, takes_question_as_title=True)
    chat_id = row_of(job_id).chat_id
    if not is_first:
        with db.transaction():
            before = [message("q0"), message("a0", "q0", "assistant")]
            after = [message("q", "a0"), message("a", "q", "assistant")]
            messages.write_all(chat_id, tree(*before, *after))

    run(job_id)

    with db.reading():
        assert chats.find(chat_id).title == ("text of q" if is_first else "A chat")


class Speaks:
    """A provider whose stream consists of these events."""

    def __init__(self, *events):
        self._events = list(events)

    def stream(self, _body):
        return self

    def batches(self):
        yield from ([event] for event in self._events)

    def close(self):
        pass

    def abort(self):
        pass


def test_a_usage_that_is_told_with_every_piece_is_passed_on_once(owner, monkeypatch):
    pieces = [("delta", {"text": "a"}), ("usage", {"n": 1}), ("delta", {"text": "b"})]
    provider = Speaks(*pieces, ("usage", {"n": 2}))
    monkeypatch.setattr(aim, "provider_for", lambda _connection: provider)

    job, events = answer(owner)

    assert [data for kind, data in events if kind == "usage"] == [{"n": 2}]
    assert job.usage == {"n": 2}


def test_a_question_is_let_go_of_once_its_answer_has_begun_and_counted_all_the_same(
    owner, monkeypatch
):
    kept: list[object] = []
    asked = live.Running.let_go_of_body

    def let_go(job):
        asked(job)
        kept.extend((job.claim.request.get("body"), job.payload.body, job.asked_tokens))

    monkeypatch.setattr(live.Running, "let_go_of_body", let_go)
    provider = Speaks(("delta", {"text": "a"}), ("delta", {"text": "b"}))
    monkeypatch.setattr(aim, "provider_for", lambda _connection: provider)

    answer(owner, "x" * 400)

    assert kept == [None, {}, 100]
    with db.reading():
        days = ("2000-01-01", "2999-01-01")
        (row,) = usage.report(("model",), days, owner.id, None, (0, 9))
    assert (row["estimated_requests"], row["total_tokens"]) == (1, 101)


# For whom


def test_the_server_is_not_told_for_whom_it_answers(owner, openai_server):
    answer(owner)

    assert not [name for name in openai_server.log()[-1]["headers"] if "openwebui" in name.lower()]


@pytest.mark.parametrize("is_stream", [True, False])
def test_the_server_is_told_for_whom_it_answers_where_that_is_wanted(
    configure, owner, openai_server, is_stream
):
    configure(enable_forward_user_info_headers="true")
    with db.transaction():
        accounts.set_profile(owner.id, "Zoë\r\nX-Evil: 1", "/user.png")

    answer(owner, is_stream=is_stream)

    headers = {name.lower(): text for name, text in openai_server.log()[-1]["headers"].items()}
    told = {name: text for name, text in headers.items() if name.startswith("x-openwebui-user-")}
    assert told == {
        "x-openwebui-user-name": "Zo%C3%AB%0D%0AX-Evil%3A 1",
        "x-openwebui-user-id": owner.id,
        "x-openwebui-user-email": owner.email,
        "x-openwebui-user-role": owner.role,
    }
    assert "x-evil" not in headers
