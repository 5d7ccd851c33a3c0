"""Logging: plain or JSON lines to standard output, levels per area, the ids of job and request on
every line.
"""

import json
import logging
import logging.handlers
import sys
from contextvars import ContextVar
from typing import Any

from shared.config.settings import Settings

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
# "celery.worker.strategy" and "celery.app.trace" say of every task what workers/base.py says
# better.
_QUIET = (
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


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({k: v for k, v in (("request", request_id.get()), ("job", job_id.get())) if v})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(settings: Settings, process: str) -> None:
    """Send this process's log where the settings say.

    Args:
        settings: `log_format`, `log_file`, `global_log_level` and `log_levels` are read.
        process: Name of the process; names its rotating file below DATA_DIR/logs.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if settings.log_file:
        folder = settings.data_dir / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                folder / f"{process}.log", maxBytes=10_000_000, backupCount=5
            )
        )
    plain = logging.Formatter(
        "%(asctime)s %(levelname)s %(name)s%(ids)s: %(message)s", "%Y-%m-%d %H:%M:%S"
    )
    for handler in handlers:
        handler.setFormatter(_JsonLines() if settings.log_format == "json" else plain)
        handler.addFilter(_Ids())
    level = (
        "DEBUG"
        if settings.is_dev and settings.global_log_level == "INFO"
        else settings.global_log_level
    )
    logging.basicConfig(
        level="WARNING" if level == "DEBUG" else level, handlers=handlers, force=True
    )
    for name in ("web", "workers", "shared", "launch"):
        logging.getLogger(name).setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel("WARNING")
    for area, names in _AREA_LOGGERS.items():
        if chosen := settings.log_levels.get(area):
            for name in names:
                logging.getLogger(name).setLevel(chosen)
