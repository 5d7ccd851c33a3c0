"""Celery's worker and beat, started without Celery's command line.

The `celery` command imports every plugin it finds: Flower, its web server, a shell with a terminal
library. That is 12 MB of memory in each process, and 0.3 s before a killed worker is back.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from launch.politeness import be_as_nice_as_started

_HEARTBEAT_S = 5
# `single` is prefork where several jobs run at once, and does without its second process where one.
_SINGLE = "single"
_POOLS = {
    "gevent": "workers.green:GreenPool",
    "prefork": "prefork",
    _SINGLE: "workers.pool:ThreadPool",
}


def main(argv: list[str]) -> int:
    """Run `worker` or `beat` until a signal asks for the end; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m launch.celery")
    kinds = parser.add_subparsers(dest="kind", required=True)
    worker = kinds.add_parser("worker", help="run jobs of some queues")
    worker.add_argument("-A", dest="app", default="workers.app", help="module of the application")
    worker.add_argument("-n", dest="node", required=True, help="name of the node, such as web@%%h")
    worker.add_argument("-Q", dest="queues", required=True, help="queues, divided by commas")
    worker.add_argument("-P", dest="pool", choices=tuple(_POOLS), required=True)
    worker.add_argument("-c", dest="concurrency", type=int, help="else as the settings say")
    beat = kinds.add_parser("beat", help="send the jobs that are due")
    beat.add_argument("--schedule", help="file that keeps the last times; else below DATA_DIR")
    args = parser.parse_args(argv)
    os.umask(0o077)  # what is written belongs to the operator only
    be_as_nice_as_started()
    return _work(args) if args.kind == "worker" else _beat(args)


def _work(args: argparse.Namespace) -> int:
    if args.pool == "gevent":
        # Before anything else is imported that could keep an unpatched socket or lock.
        from gevent import config, monkey  # noqa: PLC0415 -- each process loads only what it needs

        monkey.patch_all()
        # Who started which green thread is for debuggers; noting it costs 2 KB and 10 µs each.
        config.track_greenlet_tree = False
    from shared import lean  # noqa: PLC0415 -- each process loads only what it needs
    from shared.collector import settle  # noqa: PLC0415 -- each process loads only what it needs

    with lean.without(lean.WORKER_EXTRAS):
        worker = _worker(args)
    _silence_farewells()
    settle()
    worker.start()
    return int(worker.exitcode or 0)


def _worker(args: argparse.Namespace) -> Any:
    """Make Celery's worker, with all that it needs from the start."""
    from celery.concurrency import get_implementation  # noqa: PLC0415 -- each process loads only what it needs
    from celery.utils.nodenames import default_nodename, host_format  # noqa: PLC0415 -- each process loads only what it needs

    from launch.migrate import warn  # noqa: PLC0415 -- each process loads only what it needs
    from shared.config.options import get_options  # noqa: PLC0415 -- each process loads only what it needs
    from shared.config.settings import get_settings  # noqa: PLC0415 -- each process loads only what it needs

    _log_as(args.node.partition("@")[0])
    get_options()  # a wrong value stops the start
    warn(get_settings())
    # Not Celery's own search, which hides a mistake in our code behind two errors of its own.
    app = import_module(args.app).app
    concurrency = args.concurrency or _concurrency(args.pool)
    pool = "prefork" if args.pool == _SINGLE and concurrency > 1 else args.pool
    return app.Worker(
        hostname=host_format(default_nodename(args.node)),
        queues=args.queues.split(","),
        pool_cls=get_implementation(_POOLS[pool]),
        concurrency=concurrency,
        without_gossip=True,
        without_mingle=True,
        heartbeat_interval=_HEARTBEAT_S,
        quiet=True,
    )


def _beat(args: argparse.Namespace) -> int:
    """Send what is due; beat needs the schedule only, so no worker code is imported."""
    from shared import lean  # noqa: PLC0415 -- each process loads only what it needs

    with lean.without(lean.WORKER_EXTRAS):
        from celery import Celery  # noqa: PLC0415 -- each process loads only what it needs

        from launch.beat import Beat  # noqa: PLC0415 -- each process loads only what it needs

        app = Celery("switchyard")
        app.config_from_object("celeryconfig")
        _log_as("beat")
    from shared.config.settings import get_settings  # noqa: PLC0415 -- each process loads only what it needs

    schedule = Path(args.schedule or get_settings().data_dir / "run" / "beat-schedule")
    schedule.parent.mkdir(parents=True, exist_ok=True)
    Beat(app=app, schedule=str(schedule), quiet=True).run()
    return 0


def _log_as(process: str) -> None:
    """Log as our other processes do, and keep Celery from setting up its own way."""
    from celery.signals import setup_logging  # noqa: PLC0415 -- each process loads only what it needs

    from shared.config.settings import get_settings  # noqa: PLC0415 -- each process loads only what it needs
    from shared.log import set_up_logging  # noqa: PLC0415 -- each process loads only what it needs

    set_up_logging(get_settings(), process)
    setup_logging.connect(_leave_as_it_is)


def _leave_as_it_is(**_: Any) -> None:
    """Celery sets up no logging of its own when anybody listens to this signal."""


def _concurrency(pool: str) -> int:
    from shared.config.settings import get_settings  # noqa: PLC0415 -- each process loads only what it needs

    settings = get_settings()
    return settings.inference_concurrency if pool == "gevent" else settings.compute_concurrency


def _silence_farewells() -> None:
    """Keep Celery's signal handlers from writing past the log; workers/app.py says the same."""
    from celery.apps import worker  # noqa: PLC0415 -- each process loads only what it needs

    worker.safe_say = lambda *_: None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
