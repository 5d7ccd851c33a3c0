"""A client of the HTTP surface for flow tests: accounts, questions, readers of events."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import httpx

TERMINAL = ("completed", "failed", "cancelled")
_numbers = itertools.count(1)
# One client for all: making one reads the system's certificates, which takes longer than a request.
# It keeps no idle connections, for which a web process that is asked to stop would wait.
_client = httpx.Client(
    verify=False,  # noqa: S501 -- nothing but this machine
    trust_env=False,
    limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
)


@dataclass(frozen=True)
class Account:
    """A signed-in user at one web process."""

    base: str
    token: str
    id: str
    email: str
    password: str

    def at(self, base: str) -> "Account":
        """Give the same user at another web process."""
        return Account(base, self.token, self.id, self.email, self.password)

    @property
    def headers(self) -> dict[str, str]:
        """What a request of this user carries."""
        return {"Authorization": f"Bearer {self.token}"}

    def api(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Send one request.

        Args:
            method: Of HTTP.
            path: With its leading slash.
            body: Sent as JSON when given.
            options: Passed on to httpx.
        """
        return api(method, self.base + path, body, headers=self.headers, **options)

    def get(self, path: str) -> Any:
        """Read JSON; anything but 200 fails the test."""
        answer = self.api("GET", path)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def model(self) -> str:
        """Give the first model's id."""
        return str(self.get("/api/models")["data"][0]["id"])

    def ask(self, question: str, model: str = "", **more: Any) -> str:
        """Ask in the background.

        Args:
            question: The user's message.
            model: Id of a model; the first of the list when empty.
            more: Further keys of the request.

        Returns:
            The job's id.
        """
        answer = self.try_to_ask(question, model, **more)
        assert answer.status_code == 202, f"{answer.status_code} {answer.text[:300]}"
        return str(answer.json()["job"])

    def try_to_ask(self, question: str, model: str = "", **more: Any) -> httpx.Response:
        """Ask in the background and give the answer as it came."""
        return self.api("POST", "/api/chat/completions", self._question(question, model, more))

    def _question(self, question: str, model: str, more: dict[str, Any]) -> dict[str, Any]:
        return {
            "model": model or self.model(),
            "messages": [{"role": "user", "content": question}],
            "stream": True,
            "background": True,
            **more,
        }

    def job(self, job: str) -> dict[str, Any]:
        """Read a job's row."""
        return dict(self.get(f"/api/v1/jobs/{job}"))

    def cancel(self, job: str) -> httpx.Response:
        """Ask for a job's end."""
        return self.api("POST", f"/api/v1/jobs/{job}/cancel")

    def follow(self, job: str, after: int = 0, timeout_s: float = 60) -> "Reader":
        """Read a job's events to the end.

        Raises:
            AssertionError: There was no end in time.
        """
        return self.reader(job, after=after).finish(timeout_s)

    def reader(self, job: str, *bases: str, after: int = 0) -> "Reader":
        """Start to read a job's events in a thread.

        Args:
            job: Id of the job.
            bases: Web processes to go to in turn when one is lost; else this user's own.
            after: Cursor to start from.
        """
        reader = Reader(bases or (self.base,), self.token, job, after)
        reader.start()
        return reader


def add_user(admin: Account, role: str = "user") -> Account:
    """Let an admin open an account for somebody else.

    Args:
        admin: Who opens it.
        role: "pending", "user" or "admin".
    """
    number = next(_numbers)
    email, password = f"user{number}@example.com", f"Secret-pw-{number}!"
    form = {"name": f"User {number}", "email": email, "password": password, "role": role}
    answer = admin.api("POST", "/api/v1/auths/add", form)
    assert answer.status_code == 200, f"{answer.status_code} {answer.text[:300]}"
    user = answer.json()
    return Account(admin.base, user["token"], user["id"], email, password)


def api(method: str, url: str, body: Any = None, **options: Any) -> httpx.Response:
    """Send one request to an absolute address."""
    options.setdefault("timeout", 30)
    return _client.request(method, url, json=body, **options)


def signup(base: str, name: str = "") -> Account:
    """Open an account; the first of a stack is its admin."""
    number = next(_numbers)
    email, password = f"user{number}@example.com", f"Secret-pw-{number}!"
    form = {"name": name or f"User {number}", "email": email, "password": password}
    answer = api("POST", f"{base}/api/v1/auths/signup", form)
    assert answer.status_code == 200, f"{answer.status_code} {answer.text[:300]}"
    user = answer.json()
    return Account(base, user["token"], user["id"], email, password)


@dataclass
class Reader:
    """Follows one job over SSE and comes back with its cursor whenever the connection is lost.

    Args:
        bases: Web processes to go to in turn.
        token: Of the user who reads.
        job: Id of the job.
        after: Cursor to start from.
    """

    bases: tuple[str, ...]
    token: str
    job: str
    after: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    connects: int = 0
    refusals: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._closed = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def finish(self, timeout_s: float = 60) -> "Reader":
        """Wait for the terminal event.

        Raises:
            AssertionError: There was none in time.
        """
        self._thread.join(timeout_s)
        done = not self._thread.is_alive()
        self._closed.set()
        assert done, f"job {self.job} has no end after {timeout_s:g} s: {self.events[-3:]}"
        assert self.end, f"job {self.job}: no terminal event, refusals {self.refusals}"
        return self

    @property
    def end(self) -> str:
        """Type of the terminal event, or nothing."""
        last = self.events[-1]["type"] if self.events else ""
        return last if last in TERMINAL else ""

    @property
    def cursor(self) -> int:
        """Number of the last event seen."""
        return int(self.events[-1]["seq"]) if self.events else self.after

    @property
    def text(self) -> str:
        """The answer as a reader shows it: what came since the last restart."""
        parts: list[str] = []
        for event in list(self.events):
            if event["type"] == "restarted":
                parts.clear()
            elif event["type"] == "delta":
                parts.append(event["data"].get("text") or "")
        return "".join(parts)

    @property
    def types(self) -> list[str]:
        """The events' types, deltas left out."""
        return [e["type"] for e in list(self.events) if e["type"] != "delta"]

    @property
    def deltas(self) -> int:
        """How many deltas came."""
        return sum(e["type"] == "delta" for e in list(self.events))

    def assert_unbroken(self) -> None:
        """Check that no number is missing, doubled or out of order."""
        seqs = [e["seq"] for e in self.events]
        assert seqs == list(range(self.after + 1, self.after + 1 + len(seqs))), seqs[:5]

    def _run(self) -> None:
        for base in itertools.cycle(self.bases):
            try:
                self._read_from(base)
            except httpx.HTTPError:
                self._closed.wait(0.05)
            if self.end or self._closed.is_set() or len(self.refusals) > 50:
                return

    def _read_from(self, base: str) -> None:
        url = f"{base}/api/v1/jobs/{self.job}/events"
        headers = {"Authorization": f"Bearer {self.token}"}
        timeout = httpx.Timeout(20, connect=2)
        with _client.stream(
            "GET", url, params={"after": self.cursor}, headers=headers, timeout=timeout
        ) as answer:
            if answer.status_code != 200:
                self.refusals.append(answer.status_code)
                self._closed.wait(0.1)
                return
            self.connects += 1
            for event in sse_events(answer.iter_lines()):
                self.events.append(event)
                if self.end or self._closed.is_set():
                    return


def sse_events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Decode the JSON of the `data:` lines of an event stream."""
    for line in lines:
        if line.startswith("data: {"):
            yield json.loads(line[6:])
