"""Spans and where they are sent."""

import pytest

from shared import tracing
from shared.config.settings import BadSetting, load
from shared.tracing import export, spans
from shared.tracing.export import _Outbox
from tests.fakes.otlp_collector import FakeCollector

PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
UNSAMPLED = PARENT[:-2] + "00"


@pytest.fixture
def collector():
    with FakeCollector() as server:
        yield server


@pytest.fixture
def trace(configure, collector, monkeypatch):
    """Switch traces on; nothing is sent before the test says so."""

    def switch_on(**settings):
        configure(otel_exporter_otlp_endpoint=collector.url, **settings)
        spans.is_on.cache_clear()
        outbox = _Outbox()
        outbox.thread = object()  # nobody sends by itself
        monkeypatch.setattr(export, "_outbox", outbox)

    yield switch_on
    spans.is_on.cache_clear()


def test_without_a_setting_there_are_no_spans():
    with tracing.span("anything") as span:
        assert span is None
        assert tracing.traceparent() is None
        assert tracing.headers() == ()


def test_a_span_reaches_the_collector_with_what_is_known_of_it(trace, collector):
    trace(otel_service_name="ours", otel_resource_attributes="deployment.environment=test%20bed")

    with tracing.span("work", tracing.CONSUMER) as span:
        span.values = {"a.text": "x", "a.number": 3, "a.part": 0.5, "is.good": True}
        span.note("half of it")
    tracing.flush()

    [sent] = collector.spans
    assert (sent["name"], sent["kind"], sent["status"]) == ("work", 5, {})
    assert sent["attributes"] == {"a.text": "x", "a.number": "3", "a.part": 0.5, "is.good": True}
    assert [event["name"] for event in sent["events"]] == ["half of it"]
    assert int(sent["startTimeUnixNano"]) <= int(sent["endTimeUnixNano"])
    [resource] = collector.resources
    assert (resource["service.name"], resource["deployment.environment"]) == ("ours", "test bed")


def test_what_happens_inside_is_a_part_of_what_is_around_it(trace, collector):
    trace()

    with tracing.span("outer", parent=PARENT), tracing.span("inner"):
        assert tracing.headers() == (("traceparent", tracing.current().traceparent),)
    tracing.flush()

    inner, outer = collector.spans
    assert inner["traceId"] == outer["traceId"] == "a" * 32
    assert outer["parentSpanId"] == "b" * 16
    assert inner["parentSpanId"] == outer["spanId"]
    assert tracing.current() is None


def test_an_error_is_told_by_its_kind_and_not_in_its_words(trace, collector):
    trace()

    with pytest.raises(ValueError, match="private"), tracing.span("work"):
        raise ValueError("private")
    tracing.flush()

    assert collector.spans[0]["status"] == {"code": 2, "message": "ValueError"}


@pytest.mark.parametrize(
    "parent", ["", "none", "00-" + "0" * 32 + "-" + "b" * 16 + "-01", PARENT.upper(), PARENT + "-x"]
)
def test_a_parent_that_is_none_begins_a_new_trace(trace, parent):
    trace()

    with tracing.span("work", parent=parent) as span:
        assert span.parent_id == ""
        assert span.trace_id != "a" * 32


@pytest.mark.parametrize(
    ("sampler", "parent", "is_sent"),
    [
        ("parentbased_always_on", PARENT, True),
        ("parentbased_always_on", UNSAMPLED, False),
        ("parentbased_always_off", PARENT, True),
        ("parentbased_always_off", "none", False),
        ("always_on", UNSAMPLED, True),
        ("always_off", PARENT, False),
        ("parentbased_traceidratio", PARENT, True),
        ("traceidratio", PARENT, False),
    ],
)
def test_the_sampler_decides_what_is_sent(trace, collector, sampler, parent, is_sent):
    trace(otel_traces_sampler=sampler, otel_traces_sampler_arg=0)

    with tracing.span("work", parent=parent) as span:
        assert span.traceparent.endswith("01" if is_sent else "00")
    tracing.flush()

    assert len(collector.spans) == is_sent


def test_what_the_collector_does_not_take_is_sent_later(trace, collector):
    trace(otel_exporter_otlp_headers="x-key=se%3Dcret")
    collector.answers(503)
    with tracing.span("work"):
        pass
    tracing.flush()
    collector.answers(200)

    tracing.flush()

    assert [span["name"] for span in collector.spans] == ["work", "work"]
    assert not export._outbox.waiting
    assert collector.requests[0]["x-key"] == "se=cret"


def test_what_the_collector_refuses_for_good_is_let_go(trace, collector):
    trace()
    collector.answers(400)
    with tracing.span("work"):
        pass

    tracing.flush()

    assert not export._outbox.waiting


def test_a_collector_that_is_away_fills_no_memory(trace, monkeypatch):
    trace()
    monkeypatch.setattr(export, "_post", _away)

    for _ in range(export._MOST_WAITING + 10):
        with tracing.span("work"):
            pass
    tracing.flush()

    assert len(export._outbox.waiting) <= export._MOST_WAITING


def _away(_body):
    raise ConnectionRefusedError


def test_the_address_of_the_collector_has_to_be_one():
    with pytest.raises(BadSetting, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        load({"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317"})
