"""`python -m launch.models`: serves the local models (LOCAL_MODELS=1)."""

import logging
import signal
import sys
import threading

from launch.models.catalogue import SMOLLM2, Catalogue
from launch.models.front import Front
from launch.models.pool import Pool, Unavailable
from launch.politeness import be_as_nice_as_started
from shared.config.settings import get_settings
from shared.log import set_up_logging

log = logging.getLogger("launch.models")


def main() -> None:
    """Serve until a signal asks for the end."""
    be_as_nice_as_started()
    settings = get_settings()
    set_up_logging(settings, "models")
    if not (settings.local_models_port and settings.local_models_key):
        raise SystemExit(
            "switchyard: the local models need LOCAL_MODELS_PORT and LOCAL_MODELS_KEY."
        )
    catalogue = Catalogue(settings.data_dir / "models")
    pool = Pool(catalogue, settings.local_models_max)
    front = Front(settings.local_models_port, settings.local_models_key, catalogue, pool)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    names = ", ".join(model.id for model in catalogue.offered()) or "none yet"
    log.info("local models: %s; more can be dropped into %s", names, settings.data_dir / "models")
    threading.Thread(target=_preload, args=(catalogue, pool), daemon=True).start()
    try:
        front.serve_forever()
    except KeyboardInterrupt:
        log.info("interrupted")
    finally:
        pool.close()


def _preload(catalogue: Catalogue, pool: Pool) -> None:
    """Load the shipped model at once: the first question of a newcomer should not wait for it."""
    model = catalogue.find(SMOLLM2)
    if model is None or catalogue.problem(model):
        return
    try:
        with pool.use(model):
            return
    except Unavailable as error:
        log.warning("%s", error)


if __name__ == "__main__":
    main()
