"""Workers die, freeze, stop and double: no answer is lost and none is written twice."""

from tests.fakes.openai_server import answer_for
from tests.services.client import Reader, signup
from tests.services.waiting import wait_until


def all_have_deltas(readers: list[Reader], least: int = 5) -> bool:
    return all(reader.deltas >= least for reader in readers)


def assert_whole(reader: Reader, text: str) -> None:
    reader.assert_unbroken()
    assert reader.end == "completed", reader.events[-1]
    assert reader.text == text


def test_a_worker_killed_in_mid_answer_loses_none_of_its_many_streams(new_stack, provider):
    stack = new_stack(inference=1)
    alice = signup(stack.base)
    model = alice.model()
    questions = [f"number {i} delay=40 tokens=100" for i in range(60)]
    readers = [alice.reader(alice.ask(question, model)) for question in questions]
    wait_until(lambda: all_have_deltas(readers), 20, "all streams to be under way")

    stack.inference[0].restart()

    for reader, question in zip(readers, questions, strict=True):
        assert_whole(reader.finish(40), answer_for(question))
        assert "restarted" in reader.types


def test_the_streams_of_a_killed_worker_go_on_within_10_seconds_at_another(new_stack, provider):
    stack = new_stack(inference=2)
    alice = signup(stack.base)
    model = alice.model()
    questions = [f"number {i} delay=50 tokens=80" for i in range(20)]
    readers = [alice.reader(alice.ask(question, model)) for question in questions]
    wait_until(lambda: all_have_deltas(readers), 20, "all streams to be under way")

    stack.inference[0].kill()

    mine = wait_until(
        lambda: [r for r in readers if "restarted" in r.types], 10, "the other worker to take over"
    )
    wait_until(lambda: all("restarted" in r.types or r.end for r in mine), 10, "all to go on")
    for reader, question in zip(readers, questions, strict=True):
        assert_whole(reader.finish(40), answer_for(question))
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


def test_a_frozen_worker_that_wakes_up_cannot_write_into_its_successors_stream(new_stack, provider):
    stack = new_stack(inference=1)
    alice = signup(stack.base)
    model = alice.model()
    question = "who speaks twice delay=40 tokens=60"
    reader = alice.reader(alice.ask(question, model))
    wait_until(lambda: all_have_deltas([reader]), 10, "the answer to be under way")

    frozen = stack.inference[0]
    frozen.freeze()
    successor = stack.add_worker("inference")
    reader.finish(40)
    frozen.thaw()
    asked_after = alice.ask("somebody else's question delay=5 tokens=5", model)
    alice.follow(asked_after)

    again = alice.follow(reader.job)
    assert_whole(reader, answer_for(question))
    assert again.events == reader.events
    assert successor.is_running
    assert frozen.is_running


def test_of_two_attempts_at_once_only_the_newer_is_heard(new_stack, provider):
    stack = new_stack(inference=1)
    alice = signup(stack.base)
    model = alice.model()
    question = "two voices delay=50 tokens=120"
    reader = alice.reader(alice.ask(question, model))
    wait_until(lambda: all_have_deltas([reader]), 10, "the answer to be under way")
    stack.inference[0].freeze()
    stack.add_worker("inference")
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


def test_a_job_delivered_twice_is_done_once(new_stack, provider):
    stack = new_stack(inference=2)
    alice = signup(stack.base)
    model = alice.model()
    question = "once is enough delay=30 tokens=40"
    reader = alice.reader(alice.ask(question, model))
    wait_until(lambda: all_have_deltas([reader]), 10, "the answer to be under way")

    stack.deliver_again(reader.job, "inference.run_chat", "interactive", times=3)

    reader.finish(20)
    stack.deliver_again(reader.job, "inference.run_chat", "interactive", times=3)
    alice.follow(alice.ask("and one more delay=5 tokens=5", model))
    assert_whole(reader, answer_for(question))
    assert alice.follow(reader.job).events == reader.events
    assert alice.job(reader.job)["attempt"] == 1
    assert provider.asked(question) == 1


def test_a_worker_asked_to_stop_finishes_what_is_nearly_done(new_stack, provider):
    stack = new_stack(env={"SHUTDOWN_GRACE_S": "10"})
    alice = signup(stack.base)
    model = alice.model()
    question = "nearly done delay=50 tokens=40"
    reader = alice.reader(alice.ask(question, model))
    wait_until(lambda: all_have_deltas([reader]), 10, "the answer to be under way")

    stack.inference[0].stop()

    assert_whole(reader.finish(5), answer_for(question))
    assert "restarted" not in reader.types
    stack.inference[0].start()


def test_a_worker_asked_to_stop_hands_over_what_takes_longer(new_stack, provider):
    stack = new_stack(inference=1, env={"SHUTDOWN_GRACE_S": "1"})
    alice = signup(stack.base)
    model = alice.model()
    questions = [f"long story {i} delay=50 tokens=100" for i in range(10)]
    readers = [alice.reader(alice.ask(question, model)) for question in questions]
    wait_until(lambda: all_have_deltas(readers), 10, "all streams to be under way")
    stack.add_worker("inference")

    stack.inference[0].stop()

    for reader, question in zip(readers, questions, strict=True):
        assert_whole(reader.finish(30), answer_for(question))
        assert alice.job(reader.job)["status"] == "completed"
    stack.inference[0].start()
