"""The crew: many lines at a time, each as a part of its batch."""

import threading

import pytest

from shared import tracing
from shared.log import job_id, request_id
from shared.tracing import spans
from workers.batches.crew import Crew
from workers.batches.source import Line
from workers.providers.errors import Aborted


@pytest.fixture
def traced(configure):
    configure(enable_otel=True, otel_traces_sampler="always_off")
    spans.is_on.cache_clear()
    yield
    spans.is_on.cache_clear()


def test_lines_belong_to_the_trace_the_job_and_the_request_of_their_batch(configure, traced):
    configure(batch_concurrency=3)
    seen = []

    def answer(line, gate, cut):
        seen.append((tracing.headers(), job_id.get(), request_id.get()))

    tokens = job_id.set("the job"), request_id.set("the request")
    try:
        with tracing.span("job batches.run_batch") as span:
            crew = Crew(answer, lambda seconds: None)
            for number in range(9):
                crew.give(Line(number, b"{}"), lambda: True)
            crew.finish(lambda: True)
    finally:
        job_id.reset(tokens[0])
        request_id.reset(tokens[1])

    assert len(seen) == 9
    assert set(seen) == {((("traceparent", span.traceparent),), "the job", "the request")}


def test_what_goes_wrong_with_one_line_ends_all():
    begun = threading.Event()

    def answer(line, gate, cut):
        begun.set()
        raise RuntimeError("odd")

    crew = Crew(answer, lambda seconds: None)
    crew.give(Line(1, b"{}"), lambda: True)
    assert begun.wait(5)

    with pytest.raises(RuntimeError, match="odd"):
        crew.finish(lambda: True)


def test_nobody_takes_a_line_when_time_is_over(configure):
    configure(batch_concurrency=1)
    cuts = []

    def answer(line, gate, cut):
        cuts.append(cut)
        while gate.enter():
            gate.leave(is_answered=False)
            gate.rest(0.01)
        raise Aborted

    crew = Crew(answer, lambda seconds: None)
    crew.give(Line(1, b"{}"), lambda: True)

    taken = crew.give(Line(2, b"{}"), lambda: False)
    crew.join()

    assert not taken
    assert all(cut.is_set for cut in cuts)
