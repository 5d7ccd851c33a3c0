"""Answers in which the model has code run: on a real Jupyter server, or by the page."""

import html
import json
import re
from base64 import b64decode

import pytest

from shared.config.options import get_options
from shared.kinds.inference import RUN_CHAT
from shared.models.job import CANCELLED, COMPLETED, FAILED
from tests.services.open_page import SILENT, OpenPage
from tests.services.things import (
    events_of,
    message,
    new_chat,
    new_group,
    offer,
    row_of,
    stored_message,
)
from tests.services.waiting import wait_until
from tests.workers.code.test_jupyter import PIXEL
from workers.inference import aim

pytestmark = pytest.mark.usefixtures("worker", "uploads")

PLAIN = {
    "model": "alpha",
    "messages": [{"role": "user", "content": "How much?"}],
    "features": {"code_interpreter": True},
}
READABLE = "See.\n\n```python\n1 + 1\n```\n\n```\n2\n```\n\n\nTwo."
TAG = '<code_interpreter type="code" lang="python">\n{}\n</code_interpreter>'


class Model:
    """A model that gives one answer after the other, a few letters at a time.

    Attributes:
        asked: The requests that it got.
    """

    def __init__(self, *answers):
        self._answers = iter(answers)
        self.asked = []

    def complete(self, body, cut=None):
        self.asked.append(body)
        text = next(self._answers)
        choice = {"index": 0, "message": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
        return {"id": "x", "choices": [{**choice, "finish_reason": "stop"}], "usage": usage}

    def stream(self, body):
        return Stream(self.complete(body)["choices"][0]["message"]["content"])


class Stream:
    def __init__(self, text):
        self._text = text

    def batches(self):
        for at in range(0, len(self._text), 7):
            yield [("delta", {"text": self._text[at : at + 7]})]
        yield [("delta", {"finish_reason": "stop"})]

    def close(self):
        """Nothing is open."""

    abort = close


@pytest.fixture
def model(monkeypatch, member):
    """Let a model answer: `model("first answer", "second answer")`."""
    offer("alpha")

    def make(*answers):
        made = Model(*answers)
        monkeypatch.setattr(aim, "provider_for", lambda _connection: made)
        return made

    return make


@pytest.fixture
def on_jupyter(jupyter, member):
    get_options().set(jupyter.options("CODE_INTERPRETER"))


def ask(caller, **more):
    """Ask in a stored chat; gives the job's row when it has ended, and the message."""
    chat = new_chat(caller.user, message("q"), message("a", "q", "assistant", content=""))
    body = {
        "model": "alpha",
        "messages": [{"role": "user", "content": "How much?"}],
        "features": {"code_interpreter": True},
        "chat_id": chat.id,
        "id": "a",
        "stream": True,
        "background": True,
        **more,
    }
    answer = caller.post("/api/chat/completions", body)
    assert answer.status_code == 202, answer.text
    job_id = answer.json["job"]
    ended = (COMPLETED, FAILED, CANCELLED)
    wait_until(lambda: row_of(job_id).status in ended, 20, "the end of the answer")
    return row_of(job_id), stored_message(chat.id, "a")


def output_in(content):
    """Read the output out of a message's block."""
    [found] = re.findall(r'<details type="code_interpreter" done="true" output="([^"]*)">', content)
    return json.loads(html.unescape(found))


def test_code_is_run_and_the_model_goes_on_with_its_output(
    each_database, member, model, on_jupyter
):
    asked = model(f"Let me see.\n{TAG.format('print(6 * 7)')} never said", "It is 42.").asked

    job, stored = ask(member)

    assert job.status == COMPLETED
    assert output_in(stored.content) == {"stdout": "42", "stderr": "", "result": ""}
    block = "<summary>Analyzed</summary>\n```python\nprint(6 * 7)\n```\n</details>\n"
    assert stored.content.startswith("Let me see.\n")
    assert block in stored.content
    assert stored.content.endswith("It is 42.")
    assert "never said" not in stored.content
    first, second = asked
    assert "<code_interpreter" in first["messages"][0]["content"]
    said, output = second["messages"][-2:]
    assert said == {
        "role": "assistant",
        "content": f"Let me see.\n{TAG.format('print(6 * 7)')}",
    }
    assert (output["role"], "42" in output["content"]) == ("user", True)


def test_what_is_told_puts_the_same_message_together(member, model, on_jupyter):
    model(f"See.\n{TAG.format('1 + 1')}", "Two.")

    job, stored = ask(member)

    told = [event for event in events_of(job.id) if event["type"] == "code"]
    assert [event["data"].get("done") for event in (told[0], told[-1])] == [False, True]
    pieces = "".join(event["data"].get("piece", "") for event in told)
    assert pieces.strip() == "1 + 1"
    shown = member.get(f"/api/v1/chats/{job.chat_id}").json
    assert shown["chat"]["history"]["messages"]["a"]["content"] == stored.content


def test_an_answer_in_one_piece_holds_text_and_cost_of_all_rounds(
    member, model, on_jupyter, worker
):
    model(f"See.\n{TAG.format('1 + 1')}", "Two.")

    answer = member.post("/api/chat/completions", PLAIN).json

    assert answer["choices"][0]["message"]["content"] == READABLE
    [job] = [row_of(job_id) for job_id in worker.done if row_of(job_id).kind == RUN_CHAT.name]
    assert job.result["usage"]["total_tokens"] == 22


@pytest.mark.parametrize("door", ["/api/chat/completions", "/v1/chat/completions"])
def test_a_plain_stream_has_the_code_and_its_output_as_text(member, model, on_jupyter, door):
    model(f"See.\n{TAG.format('1 + 1')}", "Two.")

    answer = member.post(door, {**PLAIN, "stream": True})

    lines = [line[6:] for line in answer.text.split("\n\n") if line.startswith("data: {")]
    deltas = [choice["delta"] for line in lines for choice in json.loads(line)["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == READABLE
    assert answer.text.endswith("data: [DONE]\n\n")


def test_code_without_a_closing_tag_is_run_at_the_end_of_the_round(member, model, on_jupyter):
    model('<code_interpreter type="code" lang="python">\n```python\nprint(3)\n```', "Three.")

    _, stored = ask(member)

    assert output_in(stored.content)["stdout"] == "3"


def test_after_five_rounds_no_more_code_is_run(member, model, open_page):
    page = open_page(member.id, lambda *_: {"stdout": "1"})
    asked = model(*[TAG.format(f"print({n})") for n in range(7)]).asked

    job, stored = ask(member, session_id=page.sid)

    assert (job.status, len(asked), len(page.asked)) == (COMPLETED, 6, 5)
    assert stored.content.count('<details type="code_interpreter"') == 5
    assert stored.content.endswith(TAG.format("print(5)"))


def test_a_picture_becomes_a_file_that_only_its_owner_sees(
    each_database, member, other, stranger, model, on_jupyter
):
    code = (
        "from base64 import b64decode\nfrom IPython.display import Image, display\n"
        f"display(Image(b64decode('{PIXEL}')))"
    )
    asked = model(TAG.format(code), "There it is.").asked

    _, stored = ask(member)

    result = output_in(stored.content)["result"]
    path = re.fullmatch(r"!\[Output Image 0\]\((/cache/images/[\w-]+\.png)\)", result)[1]
    answer = member.get(path)
    assert (answer.status_code, answer.content_type) == (200, "image/png")
    assert answer.data == b64decode(PIXEL)
    assert path in asked[1]["messages"][-1]["content"]
    assert (other.get(path).status_code, stranger.get(path).status_code) == (404, 403)


def test_what_is_no_picture_is_not_kept(member, model, on_jupyter):
    model(TAG.format("print('data:image/png;base64,PHNjcmlwdD4=')\nprint('x')"), "Done.")

    _, stored = ask(member)

    assert output_in(stored.content)["stdout"] == "x"


def test_a_server_that_is_away_is_told_to_the_model(member, model, on_jupyter):
    get_options().set({"CODE_INTERPRETER_JUPYTER_URL": "http://127.0.0.1:9"})
    asked = model(TAG.format("1"), "I cannot.").asked

    job, stored = ask(member)

    assert job.status == COMPLETED
    assert "could not be run" in output_in(stored.content)["stderr"]
    assert "could not be run" in asked[1]["messages"][-1]["content"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_tag_in_the_middle_of_reasoning_runs_nothing(member, model, on_jupyter, stream):
    asked = model(
        "<think>\nI could write <code_interpreter>x</code_interpreter>\n</think>\nNo."
    ).asked

    job, stored = ask(member, stream=stream)

    assert (job.status, len(asked)) == (COMPLETED, 1)
    assert "> I could write <code_interpreter>x</code_interpreter>\n" in stored.content


# By the page


def test_the_page_runs_code_in_its_browser(each_database, member, model, open_page):
    page = open_page(member.id, lambda *_: {"stdout": "42", "stderr": None, "result": 7})
    model(TAG.format("print(42)"), "It is.")

    _, stored = ask(member, session_id=OpenPage.sid)

    assert output_in(stored.content) == {"stdout": "42", "stderr": "", "result": "7"}
    asked = page.asked[0]["data"]
    assert (asked["type"], asked["data"]["code"]) == ("execute:python", "print(42)")
    assert asked["data"]["session_id"] == page.sid


def test_a_page_that_leaves_is_told_to_the_model(member, model, open_page):
    open_page(member.id, lambda page, *_: page.close() or SILENT)
    asked = model(TAG.format("1"), "I cannot.").asked

    job, _ = ask(member, session_id=OpenPage.sid)

    assert job.status == COMPLETED
    assert "The page is not connected" in asked[1]["messages"][-1]["content"]


def test_where_no_page_is_open_nothing_is_run(member, model):
    asked = model(TAG.format("1"), "I cannot.").asked

    job, _ = ask(member)

    assert job.status == COMPLETED
    assert "could not be run" in asked[1]["messages"][-1]["content"]


def test_an_answer_that_is_stopped_while_code_runs_keeps_what_it_has(member, model, open_page):
    page = open_page(member.id, lambda *_: SILENT)
    model(f"Wait.\n{TAG.format('while True: pass')}")
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content=""))
    body = {
        "model": "alpha",
        "messages": [{"role": "user", "content": "?"}],
        "features": {"code_interpreter": True},
        "chat_id": chat.id,
        "id": "a",
        "session_id": page.sid,
        "stream": True,
    }
    job_id = member.post("/api/chat/completions", body).json["task_id"]
    wait_until(lambda: page.asked, 5, "the page to be asked")

    member.post(f"/api/tasks/stop/{job_id}")

    wait_until(lambda: row_of(job_id).status == CANCELLED, 5, "the end")
    content = stored_message(chat.id, "a").content
    assert content.startswith("Wait.\n")
    assert 'done="false"' not in content


# Who may


def test_who_may_not_have_code_run_is_refused(member, model, on_jupyter):
    get_options().set({"USER_PERMISSIONS": {"features": {"code_interpreter": False}}})
    model("x")
    body = {
        "model": "alpha",
        "messages": [{"role": "user", "content": "?"}],
        "features": {"code_interpreter": True},
        "background": True,
    }

    assert member.post("/api/chat/completions", body).status_code == 401
    new_group([member.id], features={"code_interpreter": True})
    assert member.post("/api/chat/completions", body).status_code == 202


@pytest.mark.parametrize("off", ["option", "feature"])
def test_where_it_is_switched_off_tags_are_text(member, model, on_jupyter, off):
    if off == "option":
        get_options().set({"ENABLE_CODE_INTERPRETER": False})
    asked = model(TAG.format("1")).asked

    _, stored = ask(member, features={"code_interpreter": off != "feature"})

    assert stored.content == TAG.format("1")
    assert len(asked) == 1
    assert len(asked[0]["messages"]) == 1


def test_an_admins_own_prompt_is_used(member, model, on_jupyter):
    get_options().set({"CODE_INTERPRETER_PROMPT_TEMPLATE": "Write code!"})
    asked = model("No need.").asked

    ask(member)

    assert asked[0]["messages"][0] == {"role": "system", "content": "Write code!"}


def test_a_round_that_was_ended_at_its_code_is_in_the_usage(member, model, on_jupyter):
    model("All said.")
    ask(member)
    (before,) = member.get("/api/v1/usage").json["items"]
    model(f"See.\n{TAG.format('1 + 1')}", "Two.")

    ask(member)

    (after,) = member.get("/api/v1/usage").json["items"]
    spent = after["total_tokens"] - before["total_tokens"]
    assert spent > before["total_tokens"] + 100  # the instructions, a second time
