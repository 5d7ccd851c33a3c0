"""Workers die, freeze, stop and double: no answer is lost and none is written twice."""

from tests.fakes.openai_server import answer_for
from tests.services.client import Account, Reader, signup
from tests.services.stack import Stack
from tests.services.waiting import wait_until


def all_have_deltas(readers: list[Reader], least: int = 5) -> bool:
    return all(reader.deltas >= least for reader in readers)


def assert_whole(reader: Reader, text: str) -> None:
    reader.assert_unbroken()
    assert reader.end == "completed", reader.events[-1]
    assert reader.text == text


def test_a_worker_killed_in_mid_answer_loses_none_of_its_many_streams(stack: Stack, alice: Account):
    model = alice.model()
    questions = [f"number {i} delay=40 tokens=100" for i in range(60)]
    readers = [alice.reader(alice.ask(question, model)) for question in questions]
    wait_until(lambda: all_have_deltas(readers), 20, "all streams to be under way")

    stack.inference[0].restart()

    for reader, question in zip(readers, questions, strict=True):
        assert_whole(reader.finish(40), answer_for(question))
        assert "restarted" in reader.types


def test_the_streams_of_a_killed_worker_go_on_within_10_seconds_at_another(
    stack: Stack, alice: Account
):
    model = alice.model()
    questions = [f"number {i} delay=40 tokens=80" for i in range(20)]
    with stack.one_more_worker():
        readers = [alice.reader(alice.ask(question, model)) for question in questions]
        wait_until(lambda: all_have_deltas(readers), 20, "all streams to be under way")

        stack.inference[0].kill()

        went_on = wait_until(
            lambda: sum("restarted" in r.types for r in readers), 10, "the other to take over"
        )
        for reader, question in zip(readers, questions, strict=True):
            assert_whole(reader.finish(30), answer_for(question))
        assert went_on
        stack.inference[0].start()


def test_a_job_whose_workers_all_die_fails_in_words(new_stack):
    stack = new_stack(env={"JOB_MAX_ATTEMPTS": "2", "JOB_LEASE_S": "1"})
    alice = signup(stack.base)
    reader = alice.reader(alice.ask("an unlucky question delay=50 tokens=400"))

    for attempt in (1, 2):
        wait_until(
            lambda a=attempt: any(
                e["type"] == "delta" and e["attempt"] == a for e in reader.events
            ),
            20,
            f"attempt {attempt} to speak",
        )
        stack.inference[0].restart()

    reader.finish(20)
    reader.assert_unbroken()
    assert reader.end == "failed"
    assert alice.job(reader.job)["status"] == "failed"
    assert alice.job(reader.job)["error"]


def test_a_frozen_worker_that_wakes_up_cannot_write_into_its_successors_stream(
    stack: Stack, alice: Account
):
    model = alice.model()
    question = "who speaks twice delay=40 tokens=60"
    reader = alice.reader(alice.ask(question, model))
    wait_until(lambda: all_have_deltas([reader]), 10, "the answer to be under way")

    stack.inference[0].freeze()
    with stack.one_more_worker():
        reader.finish(40)
    stack.inference[0].thaw()
    alice.follow(alice.ask("somebody else's question delay=5 tokens=5", model))

    assert_whole(reader, answer_for(question))
    assert alice.follow(reader.job).events == reader.events
    assert stack.inference[0].is_running


def test_of_two_attempts_at_once_only_the_newer_is_heard(stack: Stack, alice: Account, provider):
    model = alice.model()
    question = "two voices delay=50 tokens=120"
    reader = alice.reader(alice.ask(question, model))
    wait_until(lambda: all_have_deltas([reader]), 10, "the answer to be under way")
    stack.inference[0].freeze()
    with stack.one_more_worker():
        wait_until(
            lambda: any(e["attempt"] == 2 and e["type"] == "delta" for e in reader.events),
            10,
            "the second attempt to speak",
        )

        stack.inference[0].thaw()  # now both run

        reader.finish(40)
    assert_whole(reader, answer_for(question))
    heard = [e["attempt"] for e in reader.events]
    assert heard == sorted(heard)
    wait_until(lambda: provider.open_streams == 0, 5, "both connections to the provider to close")
    job = alice.job(reader.job)
    assert (job["status"], job["attempt"]) == ("completed", 2)


def test_a_job_delivered_twice_is_done_once(stack: Stack, alice: Account, provider):
    model = alice.model()
    question = "once is enough delay=50 tokens=100"
    reader = alice.reader(alice.ask(question, model))
    wait_until(lambda: all_have_deltas([reader]), 10, "the answer to be under way")

    with stack.one_more_worker():
        stack.deliver_again(reader.job, "inference.run_chat", "interactive", times=4)
        reader.finish(20)
        stack.deliver_again(reader.job, "inference.run_chat", "interactive", times=4)
    alice.follow(alice.ask("and one more delay=5 tokens=5", model))
    assert_whole(reader, answer_for(question))
    assert alice.follow(reader.job).events == reader.events
    assert alice.job(reader.job)["attempt"] == 1
    assert provider.asked(question) == 1


def test_a_worker_asked_to_stop_finishes_what_is_nearly_done(stack: Stack, alice: Account):
    question = "nearly done delay=50 tokens=40"
    reader = alice.reader(alice.ask(question))
    wait_until(lambda: all_have_deltas([reader]), 10, "the answer to be under way")

    stack.inference[0].stop()

    stack.inference[0].start()
    assert_whole(reader.finish(5), answer_for(question))
    assert "restarted" not in reader.types


def test_a_worker_asked_to_stop_hands_over_what_takes_longer(new_stack):
    stack = new_stack(env={"SHUTDOWN_GRACE_S": "1"})
    alice = signup(stack.base)
    model = alice.model()
    questions = [f"long story {i} delay=40 tokens=100" for i in range(10)]
    readers = [alice.reader(alice.ask(question, model)) for question in questions]
    wait_until(lambda: all_have_deltas(readers), 10, "all streams to be under way")
    with stack.one_more_worker():
        stack.inference[0].stop()

        for reader, question in zip(readers, questions, strict=True):
            assert_whole(reader.finish(30), answer_for(question))
            assert alice.job(reader.job)["status"] == "completed"


def test_questions_asked_while_the_only_worker_restarts_are_answered(stack: Stack, alice: Account):
    model = alice.model()
    stack.inference[0].ask_to_stop()
    jobs = [alice.ask(f"meanwhile {i} delay=5 tokens=5", model) for i in range(10)]
    stack.inference[0].wait_end()

    stack.inference[0].start()

    assert {alice.follow(job, timeout_s=40).end for job in jobs} == {"completed"}
