"""A script with `websocket-client` that does what docs/events.md says of `/ws`."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import websocket

from tests.fakes.openai_server import FakeOpenAI, answer_for
from tests.services.client import TERMINAL, Account, add_user, api
from tests.services.stack import Stack
from tests.services.waiting import wait_until

Dial = Callable[..., "Socket"]


class Socket:
    """One open socket, used as the page describes it and no other way."""

    def __init__(self, base: str, **more: Any):
        address = base.replace("http", "ws", 1) + "/ws"
        self.raw = websocket.create_connection(address, timeout=30, **more)

    def send(self, **frame: Any) -> None:
        self.raw.send(json.dumps(frame))

    def read(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(self.raw.recv())
        return frame

    def ask(self, **frame: Any) -> dict[str, Any]:
        """Send a frame and give its answer; events of jobs may come before."""
        self.send(**frame)
        while "op" not in (answer := self.read()):
            pass
        return answer

    def events(self, *jobs: str) -> dict[str, list[dict[str, Any]]]:
        """Read until each of some jobs has ended."""
        found: dict[str, list[dict[str, Any]]] = {job: [] for job in jobs}
        while not all(events and events[-1]["type"] in TERMINAL for events in found.values()):
            frame = self.read()
            if "seq" in frame:
                found[frame["job"]].append(frame)
        return found

    def follow(self, job: str, after: int = 0) -> list[dict[str, Any]]:
        """Subscribe to a job and read it to its end."""
        self.send(op="subscribe", job=job, after=after)
        return self.events(job)[job]

    def close_code(self) -> int:
        """Read until the server closes, and give the code."""
        while True:
            opcode, data = self.raw.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2], "big")


@pytest.fixture
def dial(stack: Stack) -> Iterator[Dial]:
    """Open sockets that say nothing yet."""
    made: list[Socket] = []

    def make(base: str = "", **more: Any) -> Socket:
        made.append(Socket(base or stack.base, **more))
        return made[-1]

    yield make
    for one in made:
        one.raw.shutdown()


@pytest.fixture
def socket(dial: Dial, alice: Account) -> Socket:
    """A socket on which Alice has said who she is."""
    one = dial()
    assert one.ask(op="auth", token=alice.token)["op"] == "ok"
    return one


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(e["data"].get("text") or "" for e in events if e["type"] == "delta")


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [event["seq"] for event in events]


# Who is there


def test_the_first_message_says_who_is_there(dial: Dial, alice: Account):
    assert dial().ask(op="auth", token=alice.token) == {"op": "ok", "of": "auth", "user": alice.id}


def test_an_api_key_says_it_as_well(dial: Dial, alice: Account):
    key = alice.api("POST", "/api/v1/auths/api_key").json()["api_key"]

    assert dial().ask(op="auth", token=key)["user"] == alice.id


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(lambda t: {"header": [f"Authorization: Bearer {t}"]}, id="header"),
        pytest.param(lambda t: {"cookie": f"token={t}"}, id="cookie"),
        pytest.param(lambda t: {"subprotocols": ["switchyard", f"token.{t}"]}, id="subprotocol"),
    ],
)
def test_who_says_it_while_connecting_need_not_say_it_again(dial: Dial, alice: Account, way):
    socket = dial(**way(alice.token), origin=alice.base)

    assert socket.read() == {"op": "ok", "of": "auth", "user": alice.id}
    job = alice.ask("At once. tokens=3")
    assert text_of(socket.follow(job)) == answer_for("At once. tokens=3")


def test_of_the_subprotocols_ours_is_chosen_and_never_the_token(dial: Dial, alice: Account):
    socket = dial(subprotocols=["switchyard", f"token.{alice.token}"])

    assert socket.raw.getsubprotocol() == "switchyard"


def test_a_wrong_token_is_an_error_and_another_may_follow(dial: Dial, alice: Account):
    socket = dial()

    refused = socket.ask(op="auth", token="no.good.token")

    assert (refused["op"], refused["of"]) == ("error", "auth")
    assert socket.ask(op="auth", token=alice.token)["op"] == "ok"


@pytest.mark.parametrize("op", ["subscribe", "cancel"])
def test_who_has_not_said_it_gets_nothing(dial: Dial, alice: Account, op: str):
    job = alice.ask("Mine. tokens=3")

    answer = dial().ask(op=op, job=job)

    assert (answer["op"], answer["of"], answer["job"]) == ("error", op, job)
    assert alice.follow(job).end == "completed"


def test_a_page_of_another_site_is_sent_away(new_stack, dial: Dial):
    elsewhere = new_stack(env={"CORS_ALLOW_ORIGIN": "https://chat.example.com"})

    assert dial(elsewhere.base, origin="https://evil.example.com").close_code() == 4403
    assert dial(elsewhere.base, origin="https://chat.example.com").ask(op="ping")["op"] == "pong"


# Jobs


def test_a_job_is_followed_from_its_first_event_to_its_last(socket: Socket, alice: Account):
    question = "From the start. tokens=30 delay=10"

    events = socket.follow(alice.ask(question))

    assert numbers(events) == list(range(1, len(events) + 1))
    assert [events[0]["type"], events[-1]["type"]] == ["started", "completed"]
    assert len([e for e in events if e["type"] == "delta"]) > 5
    assert text_of(events) == answer_for(question)


def test_a_cursor_gives_what_follows_it(socket: Socket, alice: Account):
    job = alice.ask("Once more. tokens=10 delay=5")
    whole = socket.follow(job)

    for after in (1, len(whole) // 2, len(whole) - 1):
        assert socket.follow(job, after) == whole[after:]


def test_a_cursor_at_the_end_gives_the_ending_once_more(socket: Socket, alice: Account):
    job = alice.ask("The end. tokens=3")
    last = socket.follow(job)[-1]

    again = socket.follow(job, last["seq"])

    assert [event["type"] for event in again] == ["completed"]
    assert again[0]["data"]["text"] == answer_for("The end. tokens=3")


def test_many_jobs_share_one_socket(socket: Socket, alice: Account):
    questions = [f"Number {n}. tokens={n + 5} delay=5" for n in range(20)]
    jobs = [alice.ask(question) for question in questions]

    for job in jobs:
        socket.send(op="subscribe", job=job, after=0)
    events = socket.events(*jobs)

    for job, question in zip(jobs, questions, strict=True):
        assert numbers(events[job]) == list(range(1, len(events[job]) + 1))
        assert text_of(events[job]) == answer_for(question)


def test_unsubscribing_ends_a_job_and_the_cursor_brings_it_back(socket: Socket, alice: Account):
    question = "Off and on. tokens=80 delay=20"
    job = alice.ask(question)
    socket.send(op="subscribe", job=job)
    seen = []
    while len(seen) < 5:
        frame = socket.read()
        seen += [frame] if "seq" in frame else []

    socket.send(op="unsubscribe", job=job)
    while (frame := socket.read()).get("of") != "unsubscribe":
        seen.append(frame)
    assert socket.ask(op="ping") == {"op": "pong", "of": "ping"}
    seen += socket.follow(job, seen[-1]["seq"])

    assert numbers(seen) == list(range(1, len(seen) + 1))
    assert text_of(seen) == answer_for(question)


def test_a_second_subscription_replaces_the_first(socket: Socket, alice: Account):
    question = "Twice. tokens=40 delay=20"
    job = alice.ask(question)
    socket.send(op="subscribe", job=job, id="first")
    while "seq" not in socket.read():
        pass

    socket.send(op="subscribe", job=job, id="second")
    events = socket.events(job)[job]

    again = numbers(events).index(1)
    assert numbers(events[again:]) == list(range(1, len(events) - again + 1))
    assert text_of(events[again:]) == answer_for(question)
    assert socket.ask(op="ping")["op"] == "pong"


def test_a_very_long_piece_comes_whole(socket: Socket, alice: Account):
    events = socket.follow(alice.ask("Long. longline=1048576 tokens=4 delay=0"))

    assert "x" * 1_048_576 in text_of(events)


def test_cancel_ends_the_job_and_closes_the_providers_connection(
    socket: Socket, alice: Account, provider: FakeOpenAI
):
    job = alice.ask("On and on. endless=1 delay=20")
    socket.send(op="subscribe", job=job)
    while socket.read().get("type") != "delta":
        pass

    answer = socket.ask(op="cancel", job=job)

    assert answer == {"op": "ok", "of": "cancel", "job": job, "status": "running"}
    assert socket.events(job)[job][-1]["type"] == "cancelled"
    wait_until(lambda: provider.open_streams == 0, 2, "the provider's connection to close")
    assert socket.ask(op="cancel", job=job)["status"] == "cancelled"


def test_a_failure_says_why(socket: Socket, alice: Account):
    last = socket.follow(alice.ask("Well? fail=401"))[-1]

    assert (last["type"], last["data"]["reason"]) == ("failed", "misconfigured")
    assert "made to fail with 401" in last["data"]["error"]


# What cannot be done


@pytest.mark.parametrize("raw", ["not json", "[1, 2]", '"auth"', "{", "7"])
def test_what_is_no_object_is_an_error_and_the_socket_lives_on(socket: Socket, raw: str):
    socket.raw.send(raw)

    assert socket.read()["op"] == "error"
    assert socket.ask(op="ping")["op"] == "pong"


@pytest.mark.parametrize(
    "frame",
    [
        {"op": "dance"},
        {"op": None},
        {"op": ["subscribe"]},
        {"op": "subscribe"},
        {"op": "subscribe", "job": "nothing"},
        {"op": "subscribe", "job": 7, "after": 0},
        {"op": "subscribe", "job": "nothing", "after": -1},
        {"op": "subscribe", "job": "nothing", "after": "1"},
        {"op": "subscribe", "job": "nothing", "after": True},
        {"op": "subscribe", "job": "nothing", "after": 10**30},
        {"op": "cancel", "job": "nothing"},
        {"op": "cancel", "job": {"a": 1}},
        {"op": "auth"},
        {"op": "auth", "token": {"a": 1}},
    ],
)
def test_an_error_says_what_is_wrong_and_carries_the_frames_own_id(socket: Socket, frame):
    answer = socket.ask(**frame, id="my own")

    assert (answer["op"], answer["id"]) == ("error", "my own")
    assert len(answer["detail"]) > 10
    assert socket.ask(op="ping")["op"] == "pong"


def test_a_cursor_must_be_a_number_that_a_log_can_have(socket: Socket, alice: Account):
    job = alice.ask("Numbers. tokens=2")

    for after in (-1, "1", True, None, 1.5, 10**30):
        assert socket.ask(op="subscribe", job=job, after=after)["op"] == "error"


def test_a_job_of_another_user_is_none(dial: Dial, alice: Account):
    bob = dial()
    bob.ask(op="auth", token=add_user(alice).token)
    job = alice.ask("Mine alone. endless=1 delay=30")

    unknown = bob.ask(op="subscribe", job="nothing")["detail"]
    assert bob.ask(op="subscribe", job=job)["detail"] == unknown
    assert bob.ask(op="cancel", job=job)["detail"] == unknown

    assert bob.ask(op="ping")["op"] == "pong"
    assert alice.job(job)["status"] in ("queued", "running")
    alice.cancel(job)


def test_another_user_cannot_take_an_open_socket_over(socket: Socket, alice: Account):
    assert socket.ask(op="auth", token=add_user(alice).token)["op"] == "error"


def test_a_frame_that_is_too_long_ends_the_socket_and_no_other(socket: Socket, dial: Dial):
    other = dial()
    socket.raw.send("x" * 100_000)

    # The rest of the frame is never read, so that the system may reset the connection.
    with suppress(ConnectionError):
        assert socket.close_code() == 1009
    assert other.ask(op="ping")["op"] == "pong"


# When rights end


def revoked_by_signing_out(account: Account, _admin: Account) -> None:
    account.api("POST", "/api/v1/auths/signout")


def revoked_by_a_role(account: Account, admin: Account) -> None:
    admin.api("POST", "/api/v1/users/update/role", {"id": account.id, "role": "pending"})


def revoked_by_a_new_password(account: Account, _admin: Account) -> None:
    form = {"email": account.email, "password": account.password}
    other = api("POST", account.base + "/api/v1/auths/signin", form).json()["token"]
    form = {"password": account.password, "new_password": "Another-pw-1!"}
    api(
        "POST",
        account.base + "/api/v1/auths/update/password",
        form,
        headers={"Authorization": f"Bearer {other}"},
    )


@pytest.mark.parametrize(
    "revoke", [revoked_by_signing_out, revoked_by_a_role, revoked_by_a_new_password]
)
def test_a_socket_closes_when_its_token_is_revoked(dial: Dial, alice: Account, revoke):
    bob = add_user(alice, role="admin")
    socket = dial()
    socket.ask(op="auth", token=bob.token)
    job = bob.ask("Until then. tokens=300 delay=30")
    socket.send(op="subscribe", job=job)
    while "seq" not in socket.read():
        pass

    revoke(bob, alice)

    assert socket.close_code() == 4401
    assert dial().ask(op="auth", token=bob.token)["op"] == "error"
    alice.cancel(job)
