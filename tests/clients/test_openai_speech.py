"""Speech with the `openai` library: what the local voice says the local ear writes down."""

from typing import Any

import pytest
from openai import BadRequestError

from tests.services.speaking import SENTENCE, WORDS, read, spoken_sentence, words_of
from workers.speech.base import HEARD_RATE


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


def _file():
    return ("ein Satz über Türen.wav", spoken_sentence())


# The library calls translations old; people go on using them.
@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
@pytest.mark.parametrize("door", ["transcriptions", "translations"])
@pytest.mark.parametrize("form", ["json", "text", "srt", "verbose_json", "vtt"])
def test_every_form_of_a_text_is_given(connect, door, form):
    client = getattr(connect(timeout=60).audio, door)

    heard = client.create(model="whisper-1", file=_file(), response_format=form)

    text = heard if isinstance(heard, str) else heard.text
    assert " ".join(WORDS) in " ".join(words_of(text))


def test_a_text_is_streamed_as_events(connect):
    client = connect(timeout=60)

    told = list(client.audio.transcriptions.create(model="x", file=_file(), stream=True))

    assert [one.type for one in told] == ["transcript.text.delta", "transcript.text.done"]
    assert words_of(told[-1].text) == WORDS


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_every_form_of_sound_is_given(connect, tmp_path, form):
    client = connect(timeout=60)
    asked = {"model": "tts-1", "voice": "alloy", "input": "Hello.", "response_format": form}

    sound = client.audio.speech.create(**asked).content

    # 24,000 samples a second of two bytes, without a head.
    seconds = len(sound) / 48_000 if form == "pcm" else len(read(sound, tmp_path)) / HEARD_RATE
    assert 0.3 < seconds < 2


def test_what_is_missing_is_named(connect):
    with pytest.raises(BadRequestError, match="ENABLE_IMAGE_GENERATION"):
        connect().images.generate(model="dall-e-3", prompt="a cat")
