"""Flower as an operator sees it, in a browser and over its API, while jobs run.

Screenshots of all pages lie in pytest's folder of the test.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from flower.urls import handlers

from tests.services.browser import start_browser
from tests.services.client import Account
from tests.services.process import Process
from tests.services.stack import ROOT, Stack, procfile, shell
from tests.services.waiting import listens, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "a pässwörd for tests"
STACK = {
    "env": {
        "FLOWER_PASSWORD": PASSWORD,
        "OPENAI_API_KEY": "sk-of-the-provider",
        "JOB_MAX_RUNNING_PER_MODEL": "2",
    }
}
SAYING = "say=marzipan+rhubarb"
SLOW = f"what is my dentist called? {SAYING} tokens=4000 delay=50 endless=1"


@dataclass
class Scene:
    """Flower beside a stack in which something of everything happens."""

    base: str
    worker: str
    user: Account
    jobs: dict[str, str]

    def ask(self, path: str, method: str = "GET", password: str = PASSWORD) -> httpx.Response:
        """Send one request as an operator."""
        return httpx.request(method, self.base + path, auth=("operator", password), timeout=20)

    @property
    def secrets(self) -> list[str]:
        """What must not stand on any page."""
        return [
            *("dentist", "marzipan", "rhubarb", "unsafe"),
            *(self.user.email, self.user.token, self.user.password),
            *("sk-of-the-provider", PASSWORD),
        ]


@pytest.fixture(scope="module")
def scene(stack: Stack, alice: Account) -> Iterator[Scene]:
    """Two jobs run slowly, one waits for its turn, one is done, one has failed."""
    port = int(stack.env["FLOWER_PORT"])
    log = stack.folder / "flower.log"
    command = shell(procfile()["flower"])
    flower = Process("flower", command, stack.env, log, ROOT, lambda _: listens(port))
    flower.start()
    base = f"http://127.0.0.1:{port}"
    wait_until(lambda: _shows_a_worker(base), 20, "Flower to know the worker")
    jobs = {
        "done": alice.ask(f"my dentist again {SAYING} delay=0"),
        "failed": alice.ask("my unsafe dentist fail=400"),
    }
    ends = {name: alice.follow(job).end for name, job in jobs.items()}
    assert ends == {"done": "completed", "failed": "failed"}
    for name in ("slow", "slow too", "waiting"):
        jobs[name] = alice.ask(SLOW)
    worker = re.search(r"(\S+@\S+) ready", stack.inference[0].output())
    assert worker is not None
    yield Scene(base, worker[1], alice, jobs)
    for job in jobs.values():
        alice.cancel(job)
    flower.stop()
    assert "Traceback" not in flower.output()


def _shows_a_worker(base: str) -> bool:
    try:
        answer = httpx.get(f"{base}/api/workers?refresh=1", auth=("operator", PASSWORD), timeout=20)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200 and "inference1@" in answer.text


@pytest.fixture(scope="module")
def page(scene: Scene) -> Iterator["Page"]:
    """A browser in which the operator has signed in."""
    login = {"username": "operator", "password": PASSWORD}
    with start_browser() as browser:
        yield browser.new_page(http_credentials=login, viewport={"width": 1280, "height": 800})


def _cells(page: "Page", row: str) -> list[str]:
    return [cell.strip() for cell in page.locator(f"{row} td").all_inner_texts()]


@pytest.mark.browser
def test_a_browser_without_the_login_sees_nothing(scene: Scene):
    statuses: list[int] = []

    with start_browser() as browser:
        page = browser.new_page()
        page.on("response", lambda response: statuses.append(response.status))
        with pytest.raises(Exception, match="INVALID_AUTH_CREDENTIALS"):
            page.goto(f"{scene.base}/tasks")

    assert statuses == [401]


@pytest.mark.browser
def test_the_page_of_workers_shows_who_is_there_and_how_much_runs(
    scene: Scene, page: "Page", tmp_path
):
    page.goto(f"{scene.base}/workers")

    row = page.locator("tr", has_text=scene.worker)
    wait_until(lambda: re.search(r"Online\s+2\s", row.inner_text()), 20, "two active tasks")
    page.screenshot(path=tmp_path / "workers.png", full_page=True)

    assert re.search(r"Failed\s+1\b", page.locator("main").inner_text())


@pytest.mark.browser
def test_the_page_of_tasks_shows_kind_id_and_state_of_each_job(
    scene: Scene, page: "Page", tmp_path
):
    page.goto(f"{scene.base}/tasks")
    page.get_by_text(scene.jobs["slow"]).wait_for()
    page.screenshot(path=tmp_path / "tasks.png", full_page=True)

    states = {
        name: page.locator("tr", has_text=job).locator("td").all_inner_texts()[:3]
        for name, job in scene.jobs.items()
    }

    expected = {"slow": "STARTED", "slow too": "STARTED", "done": "SUCCESS", "failed": "FAILURE"}
    expected["waiting"] = "RETRY"
    assert states == {
        name: ["inference.run_chat", scene.jobs[name], state] for name, state in expected.items()
    }


@pytest.mark.browser
def test_the_page_of_one_task_says_that_it_failed_and_not_why(scene: Scene, page: "Page", tmp_path):
    page.goto(f"{scene.base}/task/{scene.jobs['failed']}")
    page.screenshot(path=tmp_path / "task.png", full_page=True)

    text = page.locator("main").inner_text()

    assert "FAILURE" in text
    assert "The job has failed. Why stands in its row." in text
    assert "Traceback" not in text


@pytest.mark.browser
def test_the_page_of_queues_shows_depth_running_and_waiting(scene: Scene, page: "Page", tmp_path):
    page.goto(f"{scene.base}/broker")
    page.screenshot(path=tmp_path / "queues.png", full_page=True)

    heads = page.locator("#queue-table th").all_inner_texts()
    rows = {name: _cells(page, f"#{name}") for name in ("interactive", "compute")}

    assert [head.capitalize() for head in heads] == [
        *("Queue", "Depth", "Running", "Waiting", "Messages", "Workers")
    ]
    assert rows["interactive"] == ["interactive", "3", "2", "1", "0", "1"]
    assert rows["compute"] == ["compute", "0", "0", "0", "0", "0"]
    assert page.locator(".alert").count() == 0


@pytest.mark.browser
def test_no_page_and_no_answer_holds_anything_of_a_user_or_a_secret(
    scene: Scene, page: "Page", tmp_path
):
    seen: list[str] = []
    page.on("response", lambda r: "/static/" in r.url or seen.append(r.text()))
    paths = ["/", "/tasks", "/broker", f"/worker/{scene.worker}"]
    paths += [f"/task/{job}" for job in scene.jobs.values()]

    for path in paths:
        page.goto(scene.base + path)
        page.wait_for_load_state("networkidle") if path == "/tasks" else None
    page.screenshot(path=tmp_path / "last.png", full_page=True)
    paths = ["/api/workers?refresh=1", "/api/tasks", "/api/task/types", "/api/queues/length"]
    paths += ["/metrics", *(f"/api/task/info/{job}" for job in scene.jobs.values())]
    for path in paths:
        answer = scene.ask(path)
        assert answer.status_code == 200, path
        seen.append(answer.text)

    everything = "\n".join(seen)
    assert len(seen) > 15
    assert all(job in everything for job in scene.jobs.values())
    assert [secret for secret in scene.secrets if secret in everything] == []


def _addresses(scene: Scene) -> list[str]:
    """Every address that Flower has, with a real worker or job in its place for a name."""
    patterns = [h.regex.pattern.rstrip("$") if hasattr(h, "regex") else h[0] for h in handlers]
    found = []
    for pattern in patterns:
        name = scene.worker if "worker" in pattern else scene.jobs["slow"]
        found.append(re.sub(r"\(\.[*+]\)", name, pattern).replace("/?", ""))
    return [
        address for address in found if address.startswith("/") and "healthcheck" not in address
    ]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed_while_flower_only_shows(scene: Scene, method: str):
    addresses = [*_addresses(scene), "/api/task/send-task/inference.run_chat", "/nowhere"]
    addresses.remove("/tasks/datatable")  # how the page of tasks searches

    statuses = {address: scene.ask(address, method).status_code for address in addresses}

    assert "/api/worker/shutdown/" + scene.worker in statuses
    assert "/api/task/revoke/" + scene.jobs["slow"] in statuses
    assert set(statuses.values()) == {403}, statuses
    assert scene.user.job(scene.jobs["slow"])["status"] == "running"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_address_asks_for_the_login(scene: Scene, method: str):
    answers: dict[str, Any] = {
        address: httpx.request(method, scene.base + address, timeout=20).status_code
        for address in [*_addresses(scene), "/nowhere", "/static/css/flower.css"]
    }

    assert set(answers.values()) == {401}, answers
    assert scene.ask("/", password="wrong").status_code == 401
    assert scene.ask("/", password="fälsch").status_code == 401


def test_a_process_manager_may_look_after_its_health_without_a_login(scene: Scene):
    assert httpx.get(f"{scene.base}/healthcheck", timeout=20).status_code == 200


def test_the_queues_are_shown_while_the_workers_are_away(scene: Scene, stack: Stack):
    stack.inference[0].freeze()
    try:
        text = scene.ask("/broker").text
    finally:
        stack.inference[0].thaw()

    row = re.search(r'<tr id="interactive">(.*?)</tr>', text, re.DOTALL)
    assert row is not None
    assert re.findall(r"<td>\s*(\w+)", row[1])[-1] == "0"
    assert "nobody works here" in row[1]
