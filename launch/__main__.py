"""`python -m launch [NAME]`: prepares the data folder and starts the Procfile's processes.

With a NAME only that process is started, beside a stack that may run already on the same data.
"""

import os
import resource
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

from launch import greeting, lock, options, procfile, valkey
from launch.migrate import migrate
from launch.ports import kept_port, problem
from shared.config.options import get_options
from shared.config.settings import Settings, get_settings, kept_secret, secret_key
from shared.ids import now_s

_ROOT = Path(__file__).parent.parent
_OPEN_FILES = 65536
_STOP_EXTRA_S = 3.0
_WATCHED = ("shared", "web", "workers")


def main(names: list[str]) -> None:
    """Prepare everything, then become the manager of the processes."""
    os.umask(0o077)  # what we and our processes write belongs to the operator only
    settings = get_settings()
    commands = procfile.parse((_ROOT / "Procfile").read_text("utf-8"))
    if unknown := set(names) - set(commands):
        raise SystemExit(f"switchyard: the Procfile has no process {', '.join(sorted(unknown))}")
    get_options()  # a wrong value stops the start
    _raise_open_files()
    try:
        _make_folders(settings.data_dir)
        held = lock.acquire(settings.data_dir)
        if held is None:
            _join(settings, commands, names)
        else:
            _start(settings, commands, names, held)
    except OSError as error:
        if error.filename is None:
            raise
        # A part of it may be another user's, who has started us before.
        raise SystemExit(
            f"switchyard: DATA_DIR cannot be used: {error.filename}: {error.strerror}."
        ) from None


def _start(settings: Settings, commands: dict[str, str], names: list[str], held: int) -> None:
    if not _has_local_models(settings):
        commands.pop("models", None)
    if names:
        commands = {name: command for name, command in commands.items() if name in names}
    _check_ports(settings, commands)
    if settings.redis_url:
        valkey.check(settings.redis_url)
    migrate(settings)
    options.prepare(settings)
    environment = _environment(settings) | {"OPTIONS_SINCE": str(now_s() + 1)}
    if not settings.redis_url:
        command, environment["REDIS_URL"] = valkey.prepare(settings.data_dir)
        commands = {"valkey": command, **commands}
    plan = settings.data_dir / "run" / "Procfile"
    plan.write_text(procfile.write(commands), "utf-8")
    if "web" in commands:
        greeting.begin(settings, commands, held)
    os.set_inheritable(held, True)
    # A signal that comes while Python starts anew waits until the manager can handle it.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    grace = str(settings.shutdown_grace_s + _STOP_EXTRA_S)
    watched = [str(_ROOT / name) for name in _WATCHED] if settings.is_dev else []
    manager = [sys.executable, "-m", "launch.manager", str(plan), grace, str(held)]
    manager += [settings.log_format, *watched]
    os.execve(sys.executable, manager, environment)  # noqa: S606  (our own module)


def _join(settings: Settings, commands: dict[str, str], names: list[str]) -> None:
    """Become one more process of a stack that runs already; without a name that is a mistake."""
    if len(names) != 1:
        raise SystemExit(
            f"switchyard: Switchyard is already running on {settings.data_dir}"
            f" (process {lock.holder(settings.data_dir)}). Stop that one, or set another DATA_DIR."
        )
    _check_ports(settings, {name: commands[name] for name in names})
    environment = _environment(settings)
    environment["REDIS_URL"] = settings.redis_url or valkey.running_address(settings.data_dir)
    argv = ["sh", "-c", f"exec {commands[names[0]]}"]
    os.execve("/bin/sh", argv, environment)  # noqa: S606  (a line of our Procfile)


def _environment(settings: Settings) -> dict[str, str]:
    """What the processes read as settings: the given environment and what was settled here."""
    data_dir = settings.data_dir
    secret_key()
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "DATA_DIR": str(data_dir),
        "FLOWER_PASSWORD": settings.flower_password or kept_secret(data_dir / "flower_password"),
        "LOCAL_MODELS": "0",
    }
    if _has_local_models(settings):
        port = settings.local_models_port or kept_port(data_dir / "run" / "models-port")
        environment |= {
            "LOCAL_MODELS": "1",
            "LOCAL_MODELS_PORT": str(port),
            "LOCAL_MODELS_URL": f"http://127.0.0.1:{port}/v1",
            "LOCAL_MODELS_KEY": settings.local_models_key
            or kept_secret(data_dir / "local_models_key"),
        }
    return environment


def _make_folders(data_dir: Path) -> None:
    for folder in ("run", "models"):
        (data_dir / folder).mkdir(parents=True, exist_ok=True)


def _has_local_models(settings: Settings) -> bool:
    return settings.local_models and find_spec("xllamacpp") is not None


def _check_ports(settings: Settings, commands: dict[str, str]) -> None:
    wanted = {
        "web": ("PORT", settings.host, settings.port),
        "flower": ("FLOWER_PORT", settings.flower_host, settings.flower_port),
    }
    for name, (setting, host, port) in wanted.items():
        if name in commands and (reason := problem(setting, host, port)):
            raise SystemExit(f"switchyard: {reason}")


def _raise_open_files() -> None:
    """Allow many connections: the soft limit is often 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    main(sys.argv[1:])
