"""Celery's worker and beat, started without Celery's command line.

The `celery` command imports every plugin it finds: Flower, its web server, a shell with a terminal
library. That is 12 MB of memory in each process, and 0.3 s before a killed worker is back.
"""

import argparse
import sys
from typing import Any

_HEARTBEAT_S = 5


def main(argv: list[str]) -> int:
    """Run `worker` or `beat` until a signal asks for the end; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m launch.celery")
    kinds = parser.add_subparsers(dest="kind", required=True)
    worker = kinds.add_parser("worker", help="run jobs of some queues")
    worker.add_argument("-A", dest="app", default="workers.app", help="module of the application")
    worker.add_argument("-n", dest="node", required=True, help="name of the node, such as web@%%h")
    worker.add_argument("-Q", dest="queues", required=True, help="queues, divided by commas")
    worker.add_argument("-P", dest="pool", choices=("gevent", "prefork"), required=True)
    worker.add_argument("-c", dest="concurrency", type=int, required=True)
    beat = kinds.add_parser("beat", help="send the jobs that are due")
    beat.add_argument("--schedule", required=True, help="file that keeps the last times")
    args = parser.parse_args(argv)
    return _work(args) if args.kind == "worker" else _beat(args)


def _work(args: argparse.Namespace) -> int:
    if args.pool == "gevent":
        # Before anything else is imported that could keep an unpatched socket or lock.
        from gevent import monkey  # noqa: PLC0415 -- each process loads only what it needs

        monkey.patch_all()
    from celery.app.utils import find_app  # noqa: PLC0415 -- each process loads only what it needs
    from celery.concurrency import get_implementation  # noqa: PLC0415 -- each process loads only what it needs
    from celery.utils.nodenames import default_nodename, host_format  # noqa: PLC0415 -- each process loads only what it needs

    from shared.collector import settle  # noqa: PLC0415 -- each process loads only what it needs

    worker = find_app(args.app).Worker(
        hostname=host_format(default_nodename(args.node)),
        queues=args.queues.split(","),
        pool_cls=get_implementation(args.pool),
        concurrency=args.concurrency,
        without_gossip=True,
        without_mingle=True,
        heartbeat_interval=_HEARTBEAT_S,
        quiet=True,
    )
    settle()
    worker.start()
    return int(worker.exitcode or 0)


def _beat(args: argparse.Namespace) -> int:
    """Send what is due; beat needs the schedule only, so no worker code is imported."""
    from celery import Celery  # noqa: PLC0415 -- each process loads only what it needs
    from celery.signals import setup_logging  # noqa: PLC0415 -- each process loads only what it needs

    setup_logging.connect(_log_our_way)
    app = Celery("switchyard")
    app.config_from_object("celeryconfig")
    app.Beat(schedule=args.schedule, quiet=True).run()
    return 0


def _log_our_way(**_: Any) -> None:
    from shared.config.settings import get_settings  # noqa: PLC0415 -- each process loads only what it needs
    from shared.log import set_up_logging  # noqa: PLC0415 -- each process loads only what it needs

    set_up_logging(get_settings(), "beat")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
