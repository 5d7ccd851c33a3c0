"""Kinds of jobs that ask servers of tools."""

from shared.kinds.base import INTERACTIVE, JobSpec, Payload


class DescribeServers(Payload):
    """Find out what the servers of tools offer, and keep it.

    Attributes:
        anew: Whether also of those that are known is to be asked.
        sealed: What signs the user in at servers that want it.
    """

    anew: bool = False
    sealed: str = ""


class VerifyServer(Payload):
    """Find out what one server of tools offers that an admin is trying; nothing is kept.

    Attributes:
        sealed: What is sent to it.
    """

    url: str
    path: str
    kind: str
    sealed: str = ""


DESCRIBE_SERVERS = JobSpec("tools.describe_servers", INTERACTIVE, DescribeServers, is_visible=False)
VERIFY_SERVER = JobSpec("tools.verify_server", INTERACTIVE, VerifyServer, is_visible=False)

SPECS = (DESCRIBE_SERVERS, VERIFY_SERVER)
