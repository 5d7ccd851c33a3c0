"""Celery's settings, each with its reason. Celery only wakes workers up; the job row and its lease
decide (docs/architecture.md).
"""

# Celery takes every name without a leading underscore for a setting, and Flower shows it.
from kombu import Queue as _Queue

from shared.config import sentinels as _sentinels
from shared.config.settings import get_settings as _get_settings

_settings = _get_settings()
_asked = _sentinels.parse(_settings.redis_url)

# The broker is the same Redis or Valkey that keeps the event logs, or another one of Celery's.
_redis_url = _asked.broker_url if _asked else _settings.redis_url
broker_url = _settings.broker_url or _redis_url or "redis://127.0.0.1:6379/0"
if broker_url.startswith("rediss://") and "ssl_cert_reqs=" not in broker_url:
    # Else kombu would take any certificate, and give the password to whoever has one.
    broker_url += ("&" if "?" in broker_url else "?") + "ssl_cert_reqs=required"
_redis_options = {
    # Our keys only, so that several instances can share a server.
    "global_keyprefix": f"{_settings.redis_prefix}:broker:",
    # No notes in Redis on which messages were taken. They would bring back those of a dead worker,
    # late or never (docs/adr/0004); our leases do it in seconds. Measured: a third of its CPU.
    "ack_emulation": False,
    # One list per queue: importance is told by the queue, not inside it.
    "priority_steps": [0],
    "socket_keepalive": True,
    "health_check_interval": 15,
}
if _asked:
    from shared.primary import sentinel_options as _sentinel_options

    _redis_options |= {
        "master_name": _asked.service,
        "sentinel_kwargs": _sentinel_options(_asked),
    }
    if _asked.tls is not None and not _settings.broker_url:
        broker_use_ssl = {"ssl_cert_reqs": "required", **_asked.tls}
broker_transport_options = _redis_options if _settings.has_redis_broker else {}
# A broker that is away at the start or goes away later is waited for, for ever.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
# Publishing is done by thousands of green threads; the default of 10 makes them queue.
broker_pool_limit = 50

# No result backend: what a job gives stands in its row and its log. Measured: a backend doubles the
# CPU per task.
result_backend = None
task_ignore_result = True
# Without it Celery makes a backend object for every green thread: 15 % of a worker's CPU even with
# results off.
result_backend_thread_safe = True

# Arguments are one id; JSON is what Flower and humans read.
task_serializer = "json"
accept_content = ["json"]

# Acknowledge on receipt: acks_late gives nothing back under gevent (measured), and the sweeper does
# it better.
task_acks_late = False
# A worker takes no more than it runs at once.
worker_prefetch_multiplier = 1

# Interactive work never waits behind batches: own queues, own processes for what needs the CPU.
task_queues = [_Queue(name) for name in ("interactive", "default", "batch", "compute", "quick")]
task_default_queue = "default"
task_create_missing_queues = False

# Flower reads these events; they carry task names and job ids, nothing a user wrote.
worker_send_task_events = True
task_send_sent_event = False

# Logging is ours (shared/log.py).
worker_hijack_root_logger = False
worker_redirect_stdouts = False
# On SIGTERM our own handover runs; Celery must not cancel what is being handed over.
worker_cancel_long_running_tasks_on_connection_loss = False

timezone = "UTC"
beat_schedule = {
    "refresh-models": {
        "task": "upkeep.refresh_models",
        "schedule": _settings.models_refresh_s,
        "options": {"queue": "default"},
    },
    "send-webhooks": {
        "task": "webhooks.send_due",
        "schedule": 5.0,
        "options": {"queue": "default"},
    },
    "renew-search": {
        "task": "upkeep.renew_search",
        "schedule": 15.0,
        "options": {"queue": "default"},
    },
    "purge": {"task": "upkeep.purge", "schedule": 3600.0, "options": {"queue": "default"}},
}
