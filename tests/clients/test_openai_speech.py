"""Speech with the `openai` library: what the local voice says the local ear writes down."""

from typing import Any

import pytest
from openai import BadRequestError

from tests.services.speaking import SENTENCE, WORDS, words_of


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    return {"quick": 1}


def test_what_is_said_is_written_down_as_the_same_words(connect):
    client = connect(timeout=60)

    said = client.audio.speech.create(model="tts-1", voice="alloy", input=SENTENCE)
    file = ("said.mp3", said.content)
    heard = client.audio.transcriptions.create(model="whisper-1", file=file)
    verbose = client.audio.transcriptions.create(
        model="whisper-1", file=file, response_format="verbose_json"
    )

    assert words_of(heard.text) == WORDS
    assert words_of(verbose.text) == WORDS
    assert 1 < verbose.duration < 10
    assert verbose.segments[0].end <= verbose.duration + 0.5


def test_speech_comes_in_pieces(connect):
    client = connect(timeout=60)
    asked = {"model": "tts-1", "voice": "alloy", "input": "One. " * 40, "response_format": "wav"}

    with client.audio.speech.with_streaming_response.create(**asked) as answer:
        pieces = list(answer.iter_bytes(4096))

    assert pieces[0].startswith(b"RIFF")
    assert len(pieces) > 5
    assert "x-job-id" in answer.headers


def test_what_is_missing_is_named(connect):
    with pytest.raises(BadRequestError, match="ENABLE_IMAGE_GENERATION"):
        connect().images.generate(model="dall-e-3", prompt="a cat")
