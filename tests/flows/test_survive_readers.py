"""Readers that stop reading or lose their rights, on every door: nobody else notices."""

import httpx
import pytest

from tests.fakes.openai_server import answer_for
from tests.services.client import Account, add_user
from tests.services.page_socket import PageSocket
from tests.services.stack import Stack
from tests.services.waiting import wait_until

_PAGE = {"chat_id": "local", "id": "the-answer"}


@pytest.fixture
def page_socket():
    """Open sockets of the page; all are closed with the test."""
    made: list[PageSocket] = []

    def make(account: Account, receive_buffer: int | None = None) -> PageSocket:
        made.append(PageSocket(account, receive_buffer))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_pages_that_stop_reading_hold_up_nobody_and_cost_no_memory(
    stack: Stack, alice: Account, page_socket
):
    model = alice.model()
    question = "a flood for the page delay=0 tokens=60000"
    alice.follow(alice.ask("warm up tokens=5", model))
    keen = page_socket(alice)
    for _ in range(20):
        page_socket(alice, receive_buffer=4096)
    before = stack.web[0].rss_bytes()

    alice.ask(question, model, **_PAGE)

    assert keen.read_answer() == answer_for(question)
    assert stack.web[0].rss_bytes() - before < 60_000_000


def test_a_page_that_reads_again_gets_the_whole_text(stack: Stack, alice: Account, page_socket):
    model = alice.model()
    question = "a second flood for the page delay=0 tokens=40000"
    slow = page_socket(alice, receive_buffer=4096)

    alice.follow(alice.ask(question, model, **_PAGE), timeout_s=60)

    assert slow.read_answer() == answer_for(question)


def revoke(admin: Account, user: Account) -> None:
    form = {"id": user.id, "role": "pending"}
    assert admin.api("POST", "/api/v1/users/update/role", form).status_code == 200


def test_an_event_stream_ends_when_its_user_may_no_longer_read(stack: Stack, alice: Account):
    user = add_user(alice, "admin")
    reader = user.reader(user.ask("for members only delay=40 tokens=400"))
    wait_until(lambda: reader.deltas >= 5, 10, "the answer to be under way")

    revoke(alice, user)

    wait_until(lambda: 401 in reader.refusals, 5, "the reader to be sent away")
    heard = len(reader.events)
    assert alice.cancel(reader.job).status_code == 200
    assert len(reader.events) == heard


def test_a_plain_stream_ends_when_its_user_may_no_longer_ask(
    stack: Stack, alice: Account, provider
):
    user = add_user(alice, "admin")
    body = {
        "model": user.model(),
        "messages": [{"role": "user", "content": "and on and on delay=40 tokens=2000"}],
        "stream": True,
    }
    url = f"{user.base}/v1/chat/completions"
    with httpx.stream("POST", url, json=body, headers=user.headers, timeout=20) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("data: ")

        revoke(alice, user)

        rest = list(lines)
    assert "data: [DONE]" not in rest
    wait_until(lambda: provider.open_streams == 0, 5, "the provider's connection to close")
