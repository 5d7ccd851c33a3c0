"""Everything that is counted, under the names that operators see."""

from shared.metrics.counting import Metric

_WAITS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_PACES = (1, 2, 5, 10, 20, 40, 60, 80, 120, 200, 400)

QUEUE_WAIT = Metric(
    "switchyard_queue_wait_seconds",
    "From a job's acceptance to its first attempt.",
    ("queue", "model"),
    _WAITS,
)
JOB_RUN = Metric(
    "switchyard_job_run_seconds", "The last attempt at a job.", ("queue", "kind"), _WAITS
)
FIRST_TOKEN = Metric(
    "switchyard_first_token_seconds",
    "From the acceptance of a chat to the first piece of its answer.",
    ("queue", "model"),
    _WAITS,
)
PACE = Metric(
    "switchyard_tokens_per_second",
    "How fast a model writes once it has begun, one value for each answer.",
    ("queue", "model"),
    _PACES,
)
TOKENS = Metric("switchyard_tokens_total", "Tokens that jobs have used.", ("model", "direction"))
ATTEMPTS = Metric(
    "switchyard_job_attempts_total",
    "Attempts at jobs; why: first, lost (its worker was), handed over.",
    ("queue", "model", "why"),
)
ENDED = Metric(
    "switchyard_jobs_ended_total",
    "Jobs that have ended; reason: why they failed, see docs/events.md.",
    ("queue", "kind", "model", "status", "reason"),
)
LAPSED = Metric(
    "switchyard_leases_lapsed_total", "Jobs whose worker was silent for too long.", ("queue",)
)
RESENT = Metric(
    "switchyard_jobs_resent_total", "Queued jobs of which the broker knew nothing.", ("queue",)
)
HTTP = Metric(
    "switchyard_http_request_seconds",
    "Requests, to the head of their answer.",
    ("area", "method", "status"),
    _QUICK,
)

METRICS = (
    *(QUEUE_WAIT, JOB_RUN, FIRST_TOKEN, PACE, TOKENS),
    *(ATTEMPTS, ENDED, LAPSED, RESENT, HTTP),
)
BY_NAME = {metric.name: metric for metric in METRICS}
