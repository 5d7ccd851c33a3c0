"""The whole of docs/deploy.md at once: several of each process, PostgreSQL behind PgBouncer, Valkey
with a replica and Sentinels, S3. Each of them dies in turn, and nothing that was accepted is lost.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.openai_server import FakeOpenAI, answer_for
from tests.services.client import Account, Reader, signup
from tests.services.pgbouncer import PgBouncer
from tests.services.postgres import Postgres
from tests.services.process import Process
from tests.services.s3 import S3
from tests.services.sentinel import ReplicatedValkey
from tests.services.stack import Stack
from tests.services.waiting import wait_until

_WEB, _INFERENCE, _COMPUTE = 3, 3, 2
# Questions that are under way when somebody dies; each takes about two seconds.
_AT_ONCE, _QUESTION = 4, "delay=50 tokens=40"
# How a lost connection shows in a log, in words of whoever had it.
_LOST = (r"Connection", r"RedisError", r"TimeoutError", r"OperationalError", r"READONLY")


class Production:
    """All that runs, and what its user has asked for."""

    def __init__(self, stack: Stack, servers: ReplicatedValkey, pooler: PgBouncer):
        self.stack, self.servers, self.pooler = stack, servers, pooler
        self.alice: Account = signup(stack.base, "Alice")
        self.model = self.alice.model()
        self.answers: dict[str, Reader] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self._doors = itertools.cycle(stack.bases)
        self._numbers = itertools.count(1)

    def ask(self) -> None:
        """Put some questions at one web process after the other, and wait until all are told of."""
        fresh = []
        for number in itertools.islice(self._numbers, _AT_ONCE):
            question = f"number {number} {_QUESTION}"
            job = self.alice.at(next(self._doors)).ask(question, self.model)
            reader = self.alice.reader(job, *self.stack.bases)
            self.answers[question] = reader
            fresh.append(reader)
        wait_until(lambda: all(r.deltas >= 2 for r in fresh), 40, "new answers to be under way")

    def upload(self) -> None:
        """Give it a file to read and to make searchable, and go on without waiting."""
        text = f"File {len(self.files)}. " + "It runs well. " * 1500
        form = {"file": ("manual.txt", text.encode())}
        account = self.alice.at(next(self._doors))
        query = "?process_in_background=true"
        answer = account.api("POST", f"/api/v1/files/{query}", files=form, timeout=60)
        assert answer.status_code == 200, answer.text
        self.files[text] = answer.json()

    def lose(self, process: Process) -> None:
        """Let a process die in the middle of everything, and come back."""
        self.ask()
        process.kill()
        process.start()

    def lose_primary(self) -> None:
        """Let the primary die, and come back as the replica of its successor."""
        old = self.servers.primary()
        self.ask()
        old.process.kill()
        wait_until(lambda: self.servers.primary() is not old, 60, "the replica to take over")
        old.start()
        self.servers.wait_complete()


@pytest.fixture(scope="module")
def production(
    tmp_path_factory: pytest.TempPathFactory, provider: FakeOpenAI, postgres: Postgres, s3: S3
) -> Iterator[Production]:
    folder: Path = tmp_path_factory.mktemp("production")
    pooler = PgBouncer(postgres, postgres.new_database()).start()
    servers = ReplicatedValkey(folder / "valkey")
    stack = Stack(
        folder,
        provider.url,
        web=_WEB,
        inference=_INFERENCE,
        compute=_COMPUTE,
        database_url=pooler.url,
        valkey=servers,
        env=_environment(s3),
        allowed=_LOST,
    )
    try:
        yield Production(stack.start(), servers, pooler)
        stack.close(orderly=False)
    finally:
        servers.close()
        pooler.close()


def _environment(s3: S3) -> dict[str, str]:
    return {
        "DATABASE_PREPARED_STATEMENTS": "false",
        "DATABASE_POOL_SIZE": "5",
        # An answer may meet the death of several workers here.
        "JOB_MAX_ATTEMPTS": "10",
        "JOB_LEASE_S": "2",
        "CHUNK_SIZE": "400",
        "STORAGE_PROVIDER": "s3",
        "S3_ENDPOINT_URL": s3.endpoint,
        "S3_BUCKET_NAME": s3.bucket,
        "S3_KEY_PREFIX": "production",
        "S3_REGION_NAME": "us-east-1",
        "S3_ACCESS_KEY_ID": s3.access_key,
        "S3_SECRET_ACCESS_KEY": s3.secret_key,
    }


def test_nothing_is_lost_when_each_part_dies_in_turn(production: Production):
    stack, alice = production.stack, production.alice

    for victim in stack.processes:
        if victim in stack.compute:
            production.upload()
        production.lose(victim)
    production.lose_primary()
    production.lose(production.pooler.process)
    production.ask()

    for question, reader in production.answers.items():
        reader.finish(60)
        reader.assert_unbroken()
        assert (reader.end, reader.text) == ("completed", answer_for(question))
    for text, file in production.files.items():
        job = alice.follow(file["data"]["job"])
        assert job.end == "completed", job.events[-1]
        content = alice.api("GET", f"/api/v1/files/{file['id']}/content")
        assert content.text == text
    rows = alice.get("/api/v1/jobs?limit=200")["items"]
    assert {row["status"] for row in rows} == {"completed"}
    accepted = {reader.job for reader in production.answers.values()}
    assert accepted <= {row["id"] for row in rows}
