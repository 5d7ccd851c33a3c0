"""A real LDAP server for tests: slapd, with a few people in it."""

import os
import shutil
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import run

from tests.fakes.tls import Authority
from tests.services.process import Process
from tests.services.require import missing
from tests.services.waiting import free_ports

BASE = "dc=example,dc=com"
APP_DN, APP_PASSWORD = f"cn=app,{BASE}", "app-password"
_SCHEMAS = ("core", "cosine", "inetorgperson")

_CONFIG = """
{schemas}
pidfile {folder}/slapd.pid
moduleload back_mdb
TLSCACertificateFile {authority}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {certificate}
database mdb
suffix "{base}"
rootdn "{dn}"
rootpw {password}
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by dn="{dn}" read by * none
"""

_PEOPLE = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: uid=ada,{BASE}
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
sn: Lovelace
mail: Ada@Example.com
employeeType: staff
userPassword: ada-password

dn: uid=eve,{BASE}
objectClass: inetOrgPerson
uid: eve
cn: Eve
sn: Eve
mail: eve@example.com
employeeType: guest
userPassword: eve-password

dn: uid=nomail,{BASE}
objectClass: inetOrgPerson
uid: nomail
cn: No Mail
sn: Mail
userPassword: nomail-password
"""


@dataclass(frozen=True)
class Directory:
    """Where the server is; `port` begins in clear, `tls_port` speaks TLS from the first byte."""

    host: str
    port: int
    tls_port: int
    authority: Path
    process: Process


def start_directory(folder: Path) -> Directory:
    """Start a server.

    Args:
        folder: Holds its data, its certificate and its log.
    """
    slapd = shutil.which("slapd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/lib/openldap")
    schemas = next((p for p in map(Path, ("/etc/ldap", "/etc/openldap")) if p.exists()), None)
    if slapd is None or schemas is None:
        missing("LDAP", "install slapd")
    (folder / "data").mkdir(parents=True)
    authority = Authority(folder)
    authority.server_context("127.0.0.1")
    config = folder / "slapd.conf"
    config.write_text(
        _CONFIG.format(
            schemas="\n".join(f"include {schemas}/schema/{name}.schema" for name in _SCHEMAS),
            folder=folder,
            authority=authority.path,
            certificate=folder / "127.0.0.1.pem",
            base=BASE,
            dn=APP_DN,
            password=APP_PASSWORD,
        ).replace("moduleload back_mdb", f"modulepath {_modules()}\nmoduleload back_mdb")
    )
    people = folder / "people.ldif"
    people.write_text(_PEOPLE)
    load = [slapd, "-T", "add", "-f", str(config), "-l", str(people)]
    run(load, check=True, capture_output=True)
    port = free_ports(2)
    urls = f"ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{port + 1}/"
    command = [slapd, "-f", str(config), "-h", urls, "-d", "0"]
    process = Process(
        "slapd", command, dict(os.environ), folder / "slapd.log", folder, lambda _: _answers(port)
    )
    process.start()
    return Directory("127.0.0.1", port, port + 1, authority.path, process)


def _modules() -> str:
    return next(
        (
            p
            for p in ("/usr/lib/ldap", "/usr/lib/openldap", "/usr/lib64/openldap")
            if Path(p).exists()
        ),
        "/usr/lib/ldap",
    )


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
