"""Pipes in real workers: many at once, one that hangs, a worker that is killed."""

import pytest

from tests.fakes.script import answer_for
from tests.services.waiting import wait_until

STACK = {"env": {"PLUGINS_TIMEOUT_S": "3", "PLUGINS_MAX_RUNNERS": "4"}}
PIPE = '''
"""
title: Slow
"""
import asyncio, os, time

class Pipe:
    async def pipe(self, body, __event_emitter__):
        words = body["messages"][-1]["content"].split()
        await __event_emitter__({"type": "status", "data": {"description": "begun"}})
        if "hang" in words:
            time.sleep(600)
        for n in range(int(words[-1])):
            yield f"w{n} "
            await asyncio.sleep(0.05)
'''


def offered(alice, name, source):
    """Make a pipe a model that users may ask; its id."""
    form = {"id": name, "name": name.title(), "content": source, "meta": {}}
    assert alice.api("POST", "/api/v1/functions/create", form).status_code == 200
    assert alice.api("POST", f"/api/v1/functions/id/{name}/toggle").status_code == 200
    assert name in [model["id"] for model in alice.get("/api/models")["data"]]
    return name


@pytest.fixture(scope="module")
def slow(alice):
    """A pipe that writes as many words as it is told, twenty in a second."""
    return offered(alice, "slow", PIPE)


def test_more_answers_than_processes_are_all_whole(alice, slow):
    jobs = [alice.ask("tell 20", slow) for _ in range(10)]

    readers = [alice.follow(job) for job in jobs]

    for reader in readers:
        reader.assert_unbroken()
        assert reader.end == "completed"
        assert reader.text == "".join(f"w{n} " for n in range(20))


def test_one_that_hangs_ends_with_an_error_and_the_others_go_on(alice, slow):
    hangs, tells = alice.ask("hang 1", slow), alice.ask("tell 40", slow)

    assert alice.follow(tells).end == "completed"
    assert alice.follow(hangs).end == "failed"
    assert "took too long" in alice.job(hangs)["error"]


def test_a_cancel_ends_it_at_once(alice, slow):
    job = alice.ask("hang 1", slow)
    reader = alice.reader(job)
    wait_until(lambda: any(e["type"] == "event" for e in reader.events), 10, "its first event")

    alice.cancel(job)

    assert reader.finish(10).end == "cancelled"


def test_a_killed_worker_takes_its_plugins_with_it_and_the_answer_begins_anew(stack, alice, slow):
    job = alice.ask("tell 60", slow)
    reader = alice.reader(job)
    wait_until(lambda: "w5 " in reader.text, 10, "some words")
    children = [one for one in stack.inference[0].family() if one.is_running()][1:]

    stack.inference[0].kill()
    stack.inference[0].restart()

    assert children
    wait_until(lambda: not any(one.is_running() for one in children), 10, "the end of its children")
    assert reader.finish(60).end == "completed"
    assert reader.text == "".join(f"w{n} " for n in range(60))
    assert "restarted" in [event["type"] for event in reader.events]


ASKS = """
import asyncio
from open_webui.utils.chat import generate_chat_completion

def form(text, stream):
    asked = [{"role": "user", "content": text}]
    return {"model": "fake-alpha", "stream": stream, "messages": asked}

class Pipe:
    async def pipe(self, body, __request__, __user__):
        text = body["messages"][-1]["content"]
        ask = generate_chat_completion
        two = [ask(__request__, form(f"say={n}", False), __user__) for n in "ab"]
        for one in await asyncio.gather(*two):
            yield one["choices"][0]["message"]["content"] + " "
        answer = await ask(__request__, form(text, True), __user__)
        async for line in answer.body_iterator:
            yield line
"""


@pytest.fixture(scope="module")
def asks(alice):
    """A pipe that gives the answers of another model: two whole ones, then one as it comes."""
    return offered(alice, "asks", ASKS)


def test_what_pipes_ask_of_another_model_comes_whole_for_many_at_once(alice, asks):
    questions = [f"tell me {n} tokens=12 delay=10" for n in range(8)]

    readers = [alice.follow(alice.ask(question, asks)) for question in questions]

    for question, reader in zip(questions, readers, strict=True):
        reader.assert_unbroken()
        assert reader.end == "completed"
        assert reader.text == f"a b {answer_for(question)}"


def test_a_pipe_that_is_stopped_leaves_the_model_that_it_has_asked(alice, asks, provider):
    reader = alice.reader(job := alice.ask("tell me endless=1 delay=10", asks))
    wait_until(lambda: "w003" in reader.text, 10, "some words of the other model")

    alice.cancel(job)

    assert reader.finish(10).end == "cancelled"
    wait_until(lambda: provider.open_streams == 0, 2, "the end of what was asked")
