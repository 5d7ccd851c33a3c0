"""Valkey dies and comes back: no accepted job is lost, and everybody resumes by themselves."""

from tests.fakes.openai_server import answer_for
from tests.services.client import Account
from tests.services.sockets import read_all
from tests.services.stack import Stack, is_healthy
from tests.services.waiting import wait_until

STACK = {
    "web": 2,
    "inference": 2,
}


def test_streams_go_on_when_valkey_is_killed_and_comes_back(stack: Stack, alice: Account):
    model = alice.model()
    questions = [f"number {i} delay=50 tokens=80" for i in range(20)]
    readers = [alice.reader(alice.ask(question, model)) for question in questions]
    wait_until(lambda: all(r.deltas >= 5 for r in readers), 20, "all streams to be under way")

    stack.valkey.kill()
    stack.valkey.restart()

    for reader, question in zip(readers, questions, strict=True):
        reader.finish(40)
        reader.assert_unbroken()
        assert reader.end == "completed"
        assert reader.text == answer_for(question)


def test_sockets_go_on_when_valkey_is_killed_and_comes_back(
    stack: Stack, alice: Account, open_socket
):
    model = alice.model()
    questions = [f"over a socket {i} delay=50 tokens=80" for i in range(5)]
    sockets = {open_socket(alice): alice.ask(question, model) for question in questions}
    for one, job in sockets.items():
        one.subscribe(job)
        while len(one.events[job]) < 5:
            one.read()

    stack.valkey.kill()
    stack.valkey.restart()

    read_all(sockets, 20)
    for (one, job), question in zip(sockets.items(), questions, strict=True):
        seqs = [event["seq"] for event in one.events[job]]
        assert seqs == list(range(1, len(seqs) + 1))
        assert one.text(job) == answer_for(question)


def test_what_was_accepted_before_valkey_died_is_done_after_it_came_back(
    stack: Stack, alice: Account
):
    model = alice.model()
    for worker in stack.inference:
        worker.kill()  # nobody works: the jobs wait in the broker
    jobs = [alice.ask(f"number {i} delay=5 tokens=10", model) for i in range(20)]

    stack.valkey.kill()
    stack.valkey.restart()
    for worker in stack.inference:
        worker.start()

    assert {alice.follow(job).end for job in jobs} == {"completed"}


def test_a_question_put_while_valkey_is_away_is_refused_or_done_but_never_lost(
    stack: Stack, alice: Account
):
    model = alice.model()
    stack.valkey.kill()

    answers = [alice.try_to_ask(f"number {i} delay=5 tokens=10", model) for i in range(3)]
    stack.valkey.restart()

    accepted = [a.json()["job"] for a in answers if a.status_code == 202]
    refused = [a for a in answers if a.status_code != 202]
    assert {alice.follow(job).end for job in accepted} <= {"completed"}
    assert all(a.status_code == 503 and a.json()["detail"] for a in refused)


def test_an_idle_stack_takes_up_work_again_after_valkey_came_back(stack: Stack, alice: Account):
    model = alice.model()
    alice.follow(alice.ask("before tokens=3", model))

    stack.valkey.kill()
    stack.valkey.restart()

    for base in stack.bases:
        user = alice.at(base)
        assert (
            user.follow(user.ask("after delay=5 tokens=5", model), timeout_s=40).end == "completed"
        )


def test_valkey_that_comes_back_empty_costs_only_the_log(stack: Stack, alice: Account):
    model = alice.model()
    done = alice.follow(alice.ask("before tokens=3", model))
    running = alice.reader(alice.ask("in the middle delay=50 tokens=80", model))
    wait_until(lambda: running.deltas >= 5, 10, "the answer to be under way")

    with stack.valkey.client() as client:
        client.flushall()

    running.finish(30)
    assert running.end == "completed"
    assert alice.job(done.job)["status"] == "completed"
    (ending,) = alice.follow(done.job).events  # the row answers for the log
    assert (ending["type"], ending["data"]["text"]) == ("completed", done.text)
    assert alice.follow(alice.ask("and after", model)).end == "completed"


def test_a_web_process_lives_on_while_valkey_is_away(stack: Stack):

    stack.valkey.kill()

    assert is_healthy(stack.base)
    stack.valkey.restart()
