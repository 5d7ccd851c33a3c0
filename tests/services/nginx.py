"""A real nginx with the settings of deploy/nginx, on ports of its own."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.fakes.tls import Authority
from tests.services.process import Process
from tests.services.require import missing
from tests.services.waiting import free_port, listens

SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx" / "switchyard.conf"

# What a distribution's own nginx.conf says around the shipped file.
_AROUND = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr notice;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/switchyard.conf;
}}
"""


class Nginx:
    """A proxy with TLS before web processes.

    Args:
        folder: Holds its files.
        bases: Addresses of the web processes.
    """

    def __init__(self, folder: Path, bases: Sequence[str]):
        program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
        if program is None:
            missing("nginx", "install the system's package nginx-light")
        folder.mkdir(parents=True, exist_ok=True)
        port, self.plain_port = free_port(), free_port()
        self.base = f"https://127.0.0.1:{port}"
        authority = Authority(folder)
        self.authority, certificate = authority.path, str(authority.server_file())
        servers = "\n    ".join(f"server {base.removeprefix('http://')};" for base in bases)
        changes = {
            "server 127.0.0.1:8080;": servers,
            "listen 443 ": f"listen 127.0.0.1:{port} ",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "/etc/nginx/tls/ai.example.com.pem": certificate,
            "/etc/nginx/tls/ai.example.com.key": certificate,
        }
        shipped = SHIPPED.read_text()
        for old, new in changes.items():
            assert old in shipped, f"{SHIPPED} has no {old!r}"
            shipped = shipped.replace(old, new)
        (folder / "switchyard.conf").write_text(shipped)
        user = "user root;" if os.geteuid() == 0 else ""
        config = folder / "nginx.conf"
        config.write_text(_AROUND.format(folder=folder, user=user))
        self.process = Process(
            "nginx",
            [program, "-c", str(config), "-p", str(folder)],
            dict(os.environ),
            folder / "nginx.log",
            folder,
            lambda _: listens(port),
        )

    def start(self) -> "Nginx":
        """Start it and wait until it takes connections."""
        self.process.start()
        return self
