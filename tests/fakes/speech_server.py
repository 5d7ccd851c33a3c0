"""Services of speech, by their documented protocols: OpenAI, Deepgram, Azure, ElevenLabs.

Whoever listens hears TEXT in every piece; whoever speaks sends SOUND. `trouble` makes all refuse.
"""

import threading
from urllib.parse import urlsplit

from tests.fakes.threaded import Handler, ThreadedFake

TEXT = "hello there"
SOUND = b"\xff\xf3sound" * 2000
_WORDS = [{"word": "hello", "start": 0.1, "end": 0.4}, {"word": "there", "start": 0.5, "end": 0.9}]


class FakeSpeech(ThreadedFake):
    """The server; use as a context.

    Attributes:
        key: What clients have to show.
        trouble: Status and message with which everything is refused.
        gate: Pieces that may be heard before `release` is set; None for all.
    """

    def __init__(self) -> None:
        self.key = "good-key"
        self.reset()
        super().__init__(_Handler)

    def reset(self) -> None:
        """Forget what came, and be good."""
        self.asked: list[tuple[str, bytes, dict[str, str]]] = []
        self.trouble: tuple[int, str] | None = None
        self.gate: int | None = None
        self.release = threading.Event()

    @property
    def heard(self) -> int:
        """How many pieces came to be heard."""
        return sum("transcri" in path or "listen" in path for path, _, _ in self.asked)

    def let_go(self) -> None:
        """Hold nothing back any more."""
        self.gate = None
        self.release.set()


class _Handler(Handler):
    def serve(self) -> None:
        fake: FakeSpeech = self.fake
        fake.asked.append((self.path, self.body, self.seen))
        if fake.gate is not None and fake.heard > fake.gate:
            fake.release.wait(60)
        place = urlsplit(self.path).path.rstrip("/").rpartition("/")[2]
        if fake.trouble is not None:
            self.tell_json({"error": {"message": fake.trouble[1]}}, fake.trouble[0])
        elif not _is_let_in(self.seen, fake.key):
            self.tell_json({"error": {"message": "Invalid credentials"}}, 401)
        elif place in _SPOKEN:
            self.tell(SOUND, "audio/mpeg")
        else:
            self.tell_json(_ANSWERS[place](self.body))


def _is_let_in(headers: dict[str, str], key: str) -> bool:
    shown = headers.get("authorization", ""), headers.get("xi-api-key")
    azure = headers.get("ocp-apim-subscription-key")
    return key in (shown[1], azure) or shown[0] in (f"Bearer {key}", f"Token {key}")


def _openai(body: bytes) -> dict:
    told = {"text": TEXT}
    if b"verbose_json" in body:
        segment = {"id": 0, "start": 0.0, "end": 1.0, "text": f" {TEXT}"}
        segment |= {"avg_logprob": -0.25, "no_speech_prob": 0.01}
        told |= {"language": "english", "duration": 1.0, "segments": [segment]}
    return {**told, "words": _WORDS} if b"timestamp_granularities" in body else told


def _deepgram(_: bytes) -> dict:
    words = [{**word, "punctuated_word": word["word"].title()} for word in _WORDS]
    utterance = {"start": 0.0, "end": 1.0, "transcript": TEXT, "words": words}
    channel = {"detected_language": "en", "alternatives": [{"transcript": TEXT}]}
    return {"results": {"channels": [channel], "utterances": [utterance]}}


def _azure(_: bytes) -> dict:
    word = {"text": "hello", "offsetMilliseconds": 100, "durationMilliseconds": 300}
    phrase = {"offsetMilliseconds": 0, "durationMilliseconds": 1000, "text": TEXT, "words": [word]}
    return {"combinedPhrases": [{"text": TEXT}], "phrases": [{**phrase, "locale": "en-US"}]}


# By the last part of the path: OpenAI, ElevenLabs, Azure.
_SPOKEN = ("speech", "stream", "v1")
_ANSWERS = {
    "transcriptions": _openai,
    "translations": _openai,
    "listen": _deepgram,
    "transcriptions:transcribe": _azure,
    "voices": lambda _: {"voices": [{"voice_id": "v1", "id": "v1", "name": "Vera"}]},
    "list": lambda _: [{"ShortName": "en-US-Vera", "DisplayName": "Vera"}],
    "models": lambda _: [{"model_id": "m1", "name": "One"}],
}
