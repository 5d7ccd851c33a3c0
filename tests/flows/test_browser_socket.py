"""A page of our own origin follows a job over `/ws`, as docs/events.md says."""

import pytest

from tests.services.browser import start_browser
from tests.services.client import Account

# Gives the text of a job's answer, or why there is none.
_FOLLOW = """([token, job]) => new Promise((resolve) => {
  const address = location.origin.replace("http", "ws") + "/ws";
  const socket = new WebSocket(address, ["switchyard", "token." + token]);
  let text = "";
  socket.onclose = (event) => resolve("closed with " + event.code);
  socket.onopen = () => socket.send(JSON.stringify({ op: "subscribe", job, after: 0 }));
  socket.onmessage = (message) => {
    const frame = JSON.parse(message.data);
    if (frame.op === "error") resolve(frame.detail);
    if (frame.type === "delta") text += frame.data.text || "";
    if (frame.type === "completed") resolve(text);
  };
})"""


@pytest.mark.browser
def test_a_browser_may_send_its_token_as_a_subprotocol(alice: Account):
    job = alice.ask("tokens=3 delay=0")

    with start_browser() as browser:
        page = browser.new_page()
        page.goto(f"{alice.base}/health")
        text = page.evaluate(_FOLLOW, [alice.token, job])

    assert text == alice.get(f"/api/v1/jobs/{job}")["result"]["text"]
