"""Options: what one process saves counts in all, and no model is loaded for it."""

import pytest

from tests.services.client import Account
from tests.services.stack import Stack
from tests.services.waiting import wait_until

STACK = {"web": 2, "inference": 0}
RETRIEVAL = "/api/v1/retrieval"


@pytest.mark.parametrize("number", [77, 88])
def test_a_change_counts_in_every_process_soon(stack: Stack, alice: Account, number: int):
    here, there = (alice.at(base) for base in stack.bases)
    there.get(f"{RETRIEVAL}/config")

    saved = here.api("POST", f"{RETRIEVAL}/config/update", {"CHUNK_SIZE": number})

    assert saved.json()["CHUNK_SIZE"] == number
    is_seen = lambda: there.get(f"{RETRIEVAL}/config")["CHUNK_SIZE"] == number  # noqa: E731
    wait_until(is_seen, 5, "the change to be seen")


def test_choosing_a_model_loads_none(stack: Stack, alice: Account):
    body = {"embedding_engine": "", "embedding_model": "one/that-is-not-there"}
    before = stack.web[0].rss_bytes()

    answer = alice.at(stack.bases[0]).api("POST", f"{RETRIEVAL}/embedding/update", body)

    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() < 5
    assert stack.web[0].rss_bytes() - before < 20_000_000
