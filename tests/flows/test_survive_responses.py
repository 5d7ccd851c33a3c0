"""A response in the background goes on when its worker dies, and its numbers with it."""

from openai import OpenAI

from tests.fakes.openai_server import answer_for
from tests.services.client import signup
from tests.services.stack import Stack

QUESTION = "Killed. tokens=60 delay=50"


def test_a_response_is_resumed_elsewhere_after_its_worker_was_killed(new_stack):
    stack: Stack = new_stack(web=2, env={"JOB_LEASE_S": "1"})
    token = signup(stack.base).token
    here, elsewhere = (
        OpenAI(base_url=f"{base}/v1", api_key=token, max_retries=0, timeout=40)
        for base in stack.bases
    )
    stream = here.responses.create(model="fake-alpha", input=QUESTION, background=True, stream=True)
    seen = [event for event, _ in zip(stream, range(15), strict=False)]
    stack.inference[0].kill()
    stream.close()
    stack.inference[0].start()

    name, last = seen[0].response.id, seen[-1].sequence_number
    rest = list(elsewhere.responses.retrieve(name, stream=True, starting_after=last))

    everything = [*seen, *rest]
    deltas = [e.delta for e in everything if e.type == "response.output_text.delta"]
    assert [e.sequence_number for e in everything] == list(range(len(everything)))
    assert "".join(deltas) == answer_for(QUESTION)
    assert rest[-1].type == "response.completed"
    anew = here.responses.retrieve(name, stream=True)
    assert [(e.sequence_number, e.type) for e in anew] == [
        (e.sequence_number, e.type) for e in everything
    ]
