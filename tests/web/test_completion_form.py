"""What a request for a completion may look like, and what of it goes to the provider."""

import pytest
from pydantic import ValidationError

from shared.errors import Invalid
from shared.services.connections import OLLAMA, OPENAI
from web.completions import turn
from web.completions.schemas import CompletionForm

ASKING = {"role": "user", "content": "Hello?"}


def form_of(**more):
    return CompletionForm.model_validate({"model": "alpha", "messages": [ASKING], **more})


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1"}]},
        {"role": "assistant"},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "unheard of"}]},
        {"role": "assistant", "content": "", "tool_calls": None, "anything": ["else"]},
    ],
)
def test_messages_are_taken_as_they_come(message):
    assert form_of(messages=[message]).messages == [message]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": 5},
        {"role": "user", "content": {"type": "text"}},
        {"role": "user", "content": ["Hi"]},
        {"role": "assistant", "tool_calls": "f"},
        {"role": "assistant", "tool_calls": [1]},
        "Hi",
    ],
)
def test_what_no_provider_could_read_is_refused_with_its_place(message):
    with pytest.raises(ValidationError, match="1"):
        form_of(messages=[ASKING, message])


@pytest.mark.parametrize("name", ["stream_options", "options", "params", "background_tasks"])
@pytest.mark.parametrize("value", ["x", [1], 1])
def test_options_must_be_objects(name, value):
    with pytest.raises(ValidationError):
        form_of(**{name: value})


@pytest.mark.parametrize(
    ("given", "wanted"),
    [({}, False), ({"stream_options": None}, False), ({"stream_options": {}}, False),
     ({"stream_options": {"include_usage": True}}, True)],
)  # fmt: skip
def test_usage_is_sent_to_who_wants_it(given, wanted):
    assert form_of(**given).wants_usage is wanted


def test_our_own_keys_stay_here_and_all_others_go_to_the_provider():
    options = {"stream_options": {"include_usage": True}, "top_k": 3, "tools": []}
    form = form_of(chat_id="c", id="m", session_id="s", files=[], background=True, **options)

    body = turn._body(form, {}, OPENAI)

    assert body == {"model": "alpha", "messages": [ASKING], **options}


def test_the_pages_parameters_take_the_providers_form():
    params = {"temperature": 0.5, "seed": None, "system": "no", "logit_bias": "50256:-100, 198:250"}

    body = turn._body(form_of(), params, OPENAI)

    assert body["temperature"] == 0.5
    assert body["logit_bias"] == {"50256": -100, "198": 100}
    assert not {"seed", "system"} & set(body)


def test_ollama_gets_the_pages_parameters_as_options():
    params = {"num_ctx": 4096, "keep_alive": "5m", "format": "json"}

    body = turn._body(form_of(options={"num_ctx": 1, "mirostat": 2}), params, OLLAMA)

    assert body["options"] == {"num_ctx": 1, "mirostat": 2}
    assert (body["keep_alive"], body["format"]) == ("5m", "json")


@pytest.mark.parametrize("text", ["50256", "50256:much", "50256:nan", "a:b,c"])
def test_a_logit_bias_that_cannot_be_read_is_refused(text):
    with pytest.raises(Invalid, match="logit_bias"):
        turn._body(form_of(), {"logit_bias": text}, OPENAI)
