"""`python -m launch.flower`: a module of ours, so that no command line carries the password."""

import socket

from launch.politeness import be_as_nice_as_started
from shared.config.settings import get_settings
from shared.log import set_up_logging


def main() -> None:
    """Bind the port, then load Flower: who comes early waits a second instead of being refused."""
    be_as_nice_as_started()
    settings = get_settings()
    set_up_logging(settings, "flower")
    if not settings.flower_password:
        raise SystemExit("switchyard: Flower does not start without FLOWER_PASSWORD.")
    listening = socket.create_server((settings.flower_host, settings.flower_port))
    listening.setblocking(False)
    from launch.flower.window import serve  # noqa: PLC0415  (a second of imports)

    serve(settings, [listening])


if __name__ == "__main__":
    main()
