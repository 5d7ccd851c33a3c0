"""Cancel works before, during and after the run, from any process, as often as one likes."""

from tests.services.client import Account, add_user
from tests.services.stack import Stack
from tests.services.waiting import wait_until

STACK = {"web": 2}


def test_cancel_during_the_run_keeps_the_partial_text_and_closes_the_connection(
    stack: Stack, alice: Account, provider
):
    reader = alice.reader(alice.ask("never mind delay=50 tokens=2000"))
    wait_until(lambda: reader.deltas >= 10, 10, "the answer to be under way")

    answer = alice.cancel(reader.job)

    wait_until(lambda: provider.open_streams == 0, 1, "the provider's connection to close")
    reader.finish(5)
    reader.assert_unbroken()
    assert answer.status_code == 200
    assert reader.end == "cancelled"
    assert reader.text
    assert alice.job(reader.job)["status"] == "cancelled"


def test_cancel_before_the_run_means_that_the_provider_is_never_asked(
    stack: Stack, alice: Account, provider
):
    model = alice.model()
    stack.inference[0].kill()
    job = alice.ask("stillborn tokens=5", model)

    answer = alice.cancel(job)
    stack.inference[0].start()
    alice.follow(alice.ask("the next one tokens=5", model))

    assert answer.status_code == 200
    assert alice.follow(job).end == "cancelled"
    assert provider.asked("stillborn tokens=5") == 0


def test_cancel_after_the_end_changes_nothing(stack: Stack, alice: Account):
    reader = alice.follow(alice.ask("short tokens=5"))

    answer = alice.cancel(reader.job)

    assert answer.status_code == 200
    assert alice.job(reader.job)["status"] == "completed"
    assert alice.follow(reader.job).events == reader.events


def test_cancel_twice_ends_once(stack: Stack, alice: Account):
    reader = alice.reader(alice.ask("twice delay=50 tokens=2000"))
    wait_until(lambda: reader.deltas >= 5, 10, "the answer to be under way")

    codes = [alice.cancel(reader.job).status_code for _ in range(2)]

    reader.finish(5)
    assert codes == [200, 200]
    assert reader.types.count("cancelled") == 1
    assert alice.cancel(reader.job).status_code == 200


def test_cancel_by_a_stranger_is_refused_and_the_answer_goes_on(stack: Stack, alice: Account):
    stranger = add_user(alice)
    reader = alice.reader(alice.ask("mine delay=30 tokens=40"))
    wait_until(lambda: reader.deltas >= 5, 10, "the answer to be under way")

    codes = {stranger.cancel(reader.job).status_code}
    codes.add(stranger.api("GET", f"/api/v1/jobs/{reader.job}").status_code)
    codes.add(stranger.api("GET", f"/api/v1/jobs/{reader.job}/events").status_code)

    assert codes <= {401, 403, 404}
    assert reader.finish(15).end == "completed"


def test_cancel_from_another_web_process_reaches_the_worker(stack: Stack, alice: Account, provider):
    readers = [alice.reader(alice.ask(f"number {i} delay=50 tokens=2000")) for i in range(6)]
    wait_until(lambda: all(r.deltas >= 5 for r in readers), 10, "all streams to be under way")

    for reader in readers:
        alice.at(stack.web[1].base).cancel(reader.job)

    wait_until(lambda: provider.open_streams == 0, 2, "the provider's connections to close")
    assert {reader.finish(5).end for reader in readers} == {"cancelled"}


def test_cancel_holds_although_the_worker_dies_right_after_it(stack: Stack, alice: Account):
    reader = alice.reader(alice.ask("doomed delay=50 tokens=400"))
    wait_until(lambda: reader.deltas >= 5, 10, "the answer to be under way")
    stack.inference[0].freeze()

    alice.cancel(reader.job)
    stack.inference[0].restart()

    assert reader.finish(20).end == "cancelled"
    assert alice.job(reader.job)["status"] == "cancelled"
