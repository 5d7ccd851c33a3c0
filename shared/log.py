"""Logging: plain or JSON lines to standard output, levels per area, the ids of job and request on
every line.
"""

import json
import logging
import re
import sys
from contextvars import ContextVar
from typing import Any

from shared import tracing
from shared.config.settings import Settings
from shared.logfile import SharedRotatingFile

request_id: ContextVar[str] = ContextVar("request_id", default="")
job_id: ContextVar[str] = ContextVar("job_id", default="")

# The area names of the contract stand for these loggers of ours.
_AREA_LOGGERS = {
    "MAIN": ("web", "workers", "shared", "launch"),
    "DB": ("shared.db", "sqlalchemy.engine"),
    "MODELS": ("shared.services.models", "workers.catalogue"),
    "OPENAI": ("workers.providers.openai",),
    "OLLAMA": ("workers.providers.ollama",),
    "SOCKET": ("web.stream",),
    "CONFIG": ("shared.config",),
}
_FILE_BYTES, _FILES_KEPT = 10_000_000, 5
# "celery.worker.strategy" and "celery.app.trace" say of every task what workers/base.py says
# better, "celery.beat" says every minute that it works, and the consumer explains its own inside.
_QUIET = (
    "celery.beat",
    "celery.worker.consumer.consumer",
    "celery.worker.strategy",
    "celery.app.trace",
    "celery.worker.pidbox",
    "httpx",
    "httpcore",
    "engineio.server",
    "socketio.server",
    "kombu",
    "amqp",
    "botocore",
    "alembic",
)


class _Ids(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.ids = "".join(
            f" [{name} {v}]"
            for name, v in (("request", request_id.get()), ("job", job_id.get()))
            if v
        )
        return True


class _PlainLines(logging.Formatter):
    """One line for each event, whatever stands in its message; only tracebacks take more."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s%(ids)s: %(message)s", "%Y-%m-%d %H:%M:%S"
        )

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging calls it)
        return re.sub(r"\s*[\r\n]+\s*", " ", super().formatMessage(record).strip())


class _JsonLines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage().strip(),
        }
        line.update({k: v for k, v in (("request", request_id.get()), ("job", job_id.get())) if v})
        if span := tracing.current():
            line["trace"] = span.trace_id
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(settings: Settings, process: str) -> None:
    """Send this process's log where the settings say.

    Args:
        settings: `log_format`, `log_file`, `global_log_level` and `log_levels` are read.
        process: Its name in the Procfile; names the file below DATA_DIR/logs as well, which all
            processes of that name share.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if settings.log_file:
        folder = settings.data_dir / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(SharedRotatingFile(folder / f"{process}.log", _FILE_BYTES, _FILES_KEPT))
    is_json = settings.log_format == "json"
    for handler in handlers:
        handler.setFormatter(_JsonLines(process) if is_json else _PlainLines())
        handler.addFilter(_Ids())
    _set_levels(settings, handlers)
    _leave_out_what_no_line_shows()


def _leave_out_what_no_line_shows() -> None:
    """Spare each line the look at thread, process and source.

    Source: https://docs.python.org/3/howto/logging.html#optimization
    """
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # the documented switch


def _set_levels(settings: Settings, handlers: list[logging.Handler]) -> None:
    level: str = settings.global_log_level
    if settings.is_dev and level == "INFO":
        level = "DEBUG"
    # What others write at DEBUG is not what anybody looks for here.
    others = "INFO" if level == "DEBUG" else level
    logging.basicConfig(level=others, handlers=handlers, force=True)
    for name in _AREA_LOGGERS["MAIN"]:
        logging.getLogger(name).setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel("WARNING" if others == "INFO" else others)
    for area, names in _AREA_LOGGERS.items():
        if chosen := settings.log_levels.get(area):
            for name in names:
                logging.getLogger(name).setLevel(chosen)
