"""Webhooks: set by users, told of the ends of their jobs, signed, tried again."""

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared import addresses, db
from shared.http import Fetched
from shared.kinds.catalogue import REFRESH_MODELS, RefreshModels
from shared.models.webhook import WebhookDelivery
from shared.services import webhooks
from tests.services.things import new_job, offer, row_of
from tests.services.waiting import wait_until
from workers.webhooks import delivery

HOOKS, ASK = "/api/v1/webhooks/", "/v1/chat/completions"
FORM = {"url": "https://example.com/hook"}


class Receiver(ThreadingHTTPServer):
    """Takes messages, and answers with the status that the test wants."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.headers, self.got = 204, {}, []
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def receiver(configure):
    configure(outbound_allowed_networks="127.0.0.0/8")
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def served(world, worker, openai_server):
    offer("fake-alpha", url=openai_server.url)


def ask(caller, question="tell me tokens=2"):
    asked = [{"role": "user", "content": question}]
    body = {"model": "fake-alpha", "messages": asked, "background": True}
    return caller.post(ASK, body).json["job"]


def received(receiver, count=1):
    wait_until(lambda: len(receiver.got) >= count, 10, "the message")
    return receiver.got[count - 1]


def shown(caller, webhook_id):
    return caller.get(f"{HOOKS}{webhook_id}/deliveries").json


def tried(caller, webhook_id, tries):
    """The newest message, once it has been tried so often."""

    def look():
        found = shown(caller, webhook_id)
        return found[0] if found and found[0]["tries"] >= tries else None

    return wait_until(look, 10, "the try")


def make_due():
    with db.transaction() as session:
        for row in session.query(WebhookDelivery).filter(WebhookDelivery.due_at.is_not(None)):
            row.due_at = 1
    with db.transaction():
        return webhooks.send_due()


def is_signed(secret, headers, body):
    """Check a signature as the specification says."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return headers["webhook-signature"] == f"v1,{right}"


def test_webhooks_are_made_changed_and_removed(each_database, member):
    made = member.post(HOOKS, FORM)
    at = HOOKS + made.json["id"]
    changed = member.post(at, {**FORM, "events": ["job.failed"], "is_active": False})

    assert (made.status_code, len(made.json["events"])) == (201, 3)
    assert made.json["secret"].startswith("whsec_")
    assert (changed.json["events"], changed.json["is_active"]) == (["job.failed"], False)
    (row,) = member.get(HOOKS).json
    assert "secret" not in row
    assert member.delete(at).json is True
    assert member.get(HOOKS).json == []


def test_a_webhook_is_its_owners_only(each_database, member, other):
    at = HOOKS + member.post(HOOKS, FORM).json["id"]

    for method, path in (("POST", ""), ("DELETE", ""), ("POST", "/ping"), ("GET", "/deliveries")):
        assert other.send(method, at + path, FORM if path == "" else None).status_code == 404, path
    assert other.get(HOOKS).json == []


@pytest.mark.parametrize("url", ["ftp://example.com", "example.com", "http://", "http://a:b:c"])
def test_an_address_that_is_none_is_refused(member, url):
    assert member.post(HOOKS, {"url": url}).status_code == 400


@pytest.mark.parametrize("odd", [{"events": []}, {"events": ["job.begun"]}, {"extra": 1}])
def test_a_form_that_cannot_be_is_refused(member, odd):
    assert member.post(HOOKS, {**FORM, **odd}).status_code == 422


def test_one_user_has_so_many_webhooks(member):
    answers = [member.post(HOOKS, FORM).status_code for _ in range(21)]

    assert answers == [201] * 20 + [400]


def test_the_secret_is_encrypted_at_rest(member):
    made = member.post(HOOKS, FORM).json

    with db.reading():
        row = webhooks.find(member.user, made["id"])
    assert row.secret.startswith("sealed:")


def test_the_end_of_a_job_is_told_signed_and_without_a_users_words(member, served, receiver):
    made = member.post(HOOKS, {"url": receiver.url}).json

    job_id = ask(member, "my secret question tokens=2")

    headers, body = received(receiver)
    told = json.loads(body)
    assert is_signed(made["secret"], headers, body)
    assert (told["type"], told["data"]["job"]) == ("job.completed", job_id)
    assert told["data"]["model"] == "fake-alpha"
    assert b"secret question" not in body
    delivery = tried(member, made["id"], 1)
    assert (delivery["id"], delivery["outcome"]) == (headers["webhook-id"], "status 204")
    assert delivery["delivered_at"]
    assert delivery["due_at"] is None


def test_a_service_that_people_read_at_gets_its_own_form(member, served, monkeypatch):
    posted = []

    class Fetcher:
        """The network, which leads to the service."""

        def __init__(self, _limits):
            self.abort = lambda: None

        def fetch(self, url, method, headers, content):
            posted.append((url, json.loads(content)))
            return Fetched(url, 204, {}, b"")

    monkeypatch.setattr(delivery, "Fetcher", Fetcher)
    member.post(HOOKS, {"url": "https://hooks.slack.com/services/x"})

    job = ask(member)

    wait_until(lambda: posted, 10, "the message")
    ((url, body),) = posted
    assert url == "https://hooks.slack.com/services/x"
    assert body == {"text": f"job.completed - inference.run_chat - fake-alpha - {job}"}


def test_events_that_nobody_wants_are_not_told(member, other, served, receiver):
    wanted = {"url": receiver.url, "events": ["job.cancelled"]}
    made = member.post(HOOKS, wanted).json
    other.post(HOOKS, wanted)
    done = ask(member)
    wait_until(lambda: row_of(done).finished_at, 10, "the end")
    slow = ask(member, "slow endless=1 delay=100")
    wait_until(lambda: row_of(slow).status == "running", 10, "the begin")

    member.post(f"/api/v1/jobs/{slow}/cancel")

    assert json.loads(received(receiver)[1])["data"]["job"] == slow
    assert len(shown(member, made["id"])) == 1


def test_a_job_that_is_cancelled_while_it_waits_is_told(member, receiver):
    made = member.post(HOOKS, {"url": receiver.url}).json
    offer("fake-alpha")

    job_id = ask(member)
    member.post(f"/api/v1/jobs/{job_id}/cancel")

    (delivery,) = shown(member, made["id"])
    assert delivery["event"] == "job.cancelled"


def test_a_failed_try_is_made_again_later_under_the_same_id(member, served, receiver):
    receiver.status = 500
    made = member.post(HOOKS, {"url": receiver.url}).json
    member.post(f"{HOOKS}{made['id']}/ping")
    first = tried(member, made["id"], 1)
    receiver.status = 200

    sent = make_due()

    second = tried(member, made["id"], 2)
    assert (first["outcome"], second["outcome"], sent) == ("status 500", "status 200", 1)
    assert first["due_at"] > first["created_at"]
    assert [h["webhook-id"] for h, _ in receiver.got] == [first["id"]] * 2
    assert make_due() == 0


def test_a_message_is_given_up_after_many_tries(member, served, receiver):
    receiver.status = 503
    made = member.post(HOOKS, {"url": receiver.url}).json
    member.post(f"{HOOKS}{made['id']}/ping")

    for tries in range(1, 10):
        last = tried(member, made["id"], tries)
        make_due()

    assert (last["tries"], last["due_at"], last["delivered_at"]) == (9, None, None)


def test_an_address_that_is_gone_hears_nothing_any_more(member, served, receiver):
    receiver.status = 410
    made = member.post(HOOKS, {"url": receiver.url}).json

    member.post(f"{HOOKS}{made['id']}/ping")
    tried(member, made["id"], 1)

    assert member.get(HOOKS).json[0]["is_active"] is False


def test_a_redirect_is_not_followed(member, served, receiver):
    receiver.status, receiver.headers = 302, {"location": receiver.url + "/elsewhere"}
    made = member.post(HOOKS, {"url": receiver.url}).json

    member.post(f"{HOOKS}{made['id']}/ping")

    assert tried(member, made["id"], 1)["delivered_at"] is None
    assert len(receiver.got) == 1


def test_no_address_inside_is_opened(member, served, receiver, configure):
    made = member.post(HOOKS, {"url": receiver.url}).json
    configure(outbound_allowed_networks="")
    assert not addresses.is_allowed("127.0.0.1")

    member.post(f"{HOOKS}{made['id']}/ping")

    assert "may not be opened" in tried(member, made["id"], 1)["outcome"]
    assert receiver.got == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "LOCALHOST.",
        "a.localhost",
        "10.0.0.1",
        "169.254.169.254",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
    ],
)
def test_what_is_seen_to_lead_inside_is_refused_at_once(member, host):
    made = member.post(HOOKS, FORM).json

    for path in (HOOKS, f"{HOOKS}{made['id']}"):
        answer = member.post(path, {"url": f"http://{host}:8080/hook"})
        assert answer.status_code == 400
        assert "may not be opened" in answer.json["detail"]


def test_the_work_of_the_system_is_told_to_nobody(member, served, receiver):
    made = member.post(HOOKS, {"url": receiver.url}).json

    job_id = new_job(member.user, REFRESH_MODELS, RefreshModels())
    wait_until(lambda: row_of(job_id).finished_at, 10, "the end")

    assert shown(member, made["id"]) == []


def test_old_messages_are_forgotten(each_database, member):
    made = member.post(HOOKS, FORM).json
    with db.transaction():
        waiting = webhooks.ping(member.user, made["id"]).id
        done = webhooks.ping(member.user, made["id"]).id
        webhooks.note(done, True, "status 200")

    with db.transaction():
        webhooks.purge(2**40)

    assert [row["id"] for row in shown(member, made["id"])] == [waiting]
