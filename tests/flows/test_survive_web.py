"""Web processes die and stop, readers stall and come in thousands: nobody misses a token."""

import socket

import httpx

from tests.fakes.openai_server import answer_for
from tests.services.client import Account
from tests.services.sockets import read_all
from tests.services.stack import Stack
from tests.services.waiting import wait_until

STACK = {"web": 2, "env": {"SHUTDOWN_GRACE_S": "1"}}


def test_readers_of_a_killed_web_process_go_on_elsewhere_and_miss_nothing(
    stack: Stack, alice: Account
):
    model = alice.model()
    questions = [f"number {i} delay=50 tokens=80" for i in range(20)]
    jobs = [alice.ask(question, model) for question in questions]
    readers = [alice.reader(job, *stack.bases) for job in jobs]
    wait_until(lambda: all(r.deltas >= 5 for r in readers), 20, "all streams to be under way")

    stack.web[0].kill()

    for reader, question in zip(readers, questions, strict=True):
        reader.finish(30)
        reader.assert_unbroken()
        assert reader.connects >= 2
        assert "restarted" not in reader.types  # the worker never noticed
        assert reader.text == answer_for(question)
    stack.web[0].start()


def test_a_socket_of_a_killed_web_process_subscribes_elsewhere_with_its_cursor(
    stack: Stack, alice: Account, open_socket
):
    model = alice.model()
    question = "over a socket delay=50 tokens=60"
    job = alice.ask(question, model)
    first = open_socket(alice)
    first.subscribe(job)
    while len(first.events[job]) < 8:
        first.read()

    stack.web[0].kill()

    second = open_socket(alice.at(stack.web[1].base))
    second.events[job] = first.events[job]
    second.subscribe(job, after=first.events[job][-1]["seq"])
    read_all({second: job}, 20)
    seqs = [event["seq"] for event in second.events[job]]
    assert seqs == list(range(1, len(seqs) + 1))
    assert second.text(job) == answer_for(question)
    stack.web[0].start()


def test_a_web_process_asked_to_stop_lets_its_readers_go_on_elsewhere(stack: Stack, alice: Account):
    model = alice.model()
    question = "a rolling restart delay=50 tokens=100"
    reader = alice.reader(alice.ask(question, model), *stack.bases)
    wait_until(lambda: reader.deltas >= 5, 10, "the answer to be under way")

    stack.web[0].stop(10)

    reader.finish(30)
    reader.assert_unbroken()
    assert reader.text == answer_for(question)
    stack.web[0].start()


def test_a_plain_stream_that_its_web_process_cuts_off_is_not_cancelled(
    stack: Stack, alice: Account
):
    question = "cut off by a restart delay=50 tokens=80"
    body = {
        "model": alice.model(),
        "messages": [{"role": "user", "content": question}],
        "stream": True,
    }
    url = f"{alice.base}/v1/chat/completions"
    with httpx.stream("POST", url, json=body, headers=alice.headers, timeout=20) as answer:
        assert next(answer.iter_lines()).startswith("data: ")

        stack.web[0].stop(10)

    elsewhere = alice.at(stack.web[1].base)
    reader = elsewhere.follow(answer.headers["X-Job-Id"])
    assert (reader.end, reader.text) == ("completed", answer_for(question))
    stack.web[0].start()


def test_a_job_accepted_by_a_web_process_that_dies_at_once_is_done(stack: Stack, alice: Account):
    model = alice.model()
    jobs = [alice.ask(f"number {i} delay=10 tokens=20", model) for i in range(10)]

    stack.web[0].kill()

    elsewhere = alice.at(stack.web[1].base)
    assert {elsewhere.follow(job).end for job in jobs} == {"completed"}
    stack.web[0].start()


def stalled_reader(alice: Account, job: str) -> socket.socket:
    """Ask for a job's events over a socket with a tiny window, and never read."""
    host, _, port = alice.base.removeprefix("http://").partition(":")
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((host, int(port)))
    lines = [
        f"GET /api/v1/jobs/{job}/events HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {alice.token}",
    ]
    sock.sendall("\r\n".join([*lines, "", ""]).encode())
    return sock


def test_readers_that_stop_reading_hold_up_nobody_and_cost_no_memory(
    stack: Stack, alice: Account, open_socket
):
    model = alice.model()
    alice.follow(alice.ask("warm up tokens=5", model))
    before = stack.web[0].rss_bytes()
    big = alice.ask("a flood delay=0 tokens=60000 stall", model)
    stalled = [stalled_reader(alice, big) for _ in range(20)]
    silent = [open_socket(alice) for _ in range(20)]
    for one in silent:
        one.subscribe(big)

    keen = alice.follow(big, timeout_s=60)
    quick = alice.follow(alice.ask("another question delay=20 tokens=50", model), timeout_s=40)

    keen.assert_unbroken()
    assert keen.text == answer_for("a flood delay=0 tokens=60000 stall")
    assert quick.end == "completed"
    assert stack.web[0].rss_bytes() - before < 60_000_000
    for one in stalled:
        one.close()


def test_a_stalled_reader_that_reads_again_gets_the_rest_in_order(
    stack: Stack, alice: Account, open_socket
):
    model = alice.model()
    question = "a second flood delay=0 tokens=20000"
    job = alice.ask(question, model)
    slow = open_socket(alice)
    slow.subscribe(job)
    alice.follow(job, timeout_s=60)

    read_all({slow: job}, 20)

    seqs = [event["seq"] for event in slow.events[job]]
    assert seqs == list(range(1, len(seqs) + 1))
    assert slow.text(job) == answer_for(question)


def test_one_web_process_serves_a_thousand_open_sockets(stack: Stack, alice: Account, open_socket):
    model = alice.model()
    questions = [f"room {i} delay=100 tokens=30" for i in range(20)]
    before = stack.web[0].rss_bytes()
    sockets = [open_socket(alice) for _ in range(1000)]
    for one in sockets:
        one.read_until("ok")
    jobs = [alice.ask(question, model) for question in questions]
    watched = {one: jobs[i % 20] for i, one in enumerate(sockets)}
    for one, job in watched.items():
        one.subscribe(job)

    read_all(watched, 20)

    texts = dict(zip(jobs, [answer_for(q) for q in questions], strict=True))
    assert all(one.text(job) == texts[job] for one, job in watched.items())
    assert stack.web[0].rss_bytes() - before < 1000 * 120_000
