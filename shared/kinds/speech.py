"""Kinds of jobs that turn speech into text, and text into speech."""

from shared.kinds.base import COMPUTE, INTERACTIVE, QUICK, JobSpec, Payload


class Transcribe(Payload):
    """Write down what is said in a file.

    Attributes:
        language: ISO 639-1; empty when the engine is to find out.
        hint: What the text may be about, in words.
        to_english: Whether it is to be translated.
        wants_words: Whether the time of each word is wanted.
    """

    file_id: str
    language: str = ""
    hint: str = ""
    to_english: bool = False
    wants_words: bool = False


class Speak(Payload):
    """Say a text.

    Attributes:
        digest: Of everything that decides what it sounds like.
        form: See `shared.services.speech.FORMS`.
        speed: 1 is as fast as the voice is.
        instructions: How to speak, in words; for engines that take them.
    """

    text: str
    engine: str
    voice: str
    speaker: str
    form: str
    speed: float
    digest: str
    instructions: str = ""


class ListVoices(Payload):
    """Ask the engine that speaks what voices it has."""


TRANSCRIBE = JobSpec("speech.transcribe", COMPUTE, Transcribe, texts=("hint",))
# The same for what is soon heard: somebody waits for it, and not behind an hour of something else.
TRANSCRIBE_SHORT = JobSpec("speech.transcribe_short", QUICK, Transcribe, texts=("hint",))
SPEAK = JobSpec("speech.speak", QUICK, Speak, texts=("text",))
# The same with an engine that sends what is wanted: it needs a network and no CPU.
FETCH_SPEECH = JobSpec("speech.fetch_speech", INTERACTIVE, Speak, texts=("text",))
LIST_VOICES = JobSpec("speech.list_voices", INTERACTIVE, ListVoices, is_visible=False)

SPECS = (TRANSCRIBE, TRANSCRIBE_SHORT, SPEAK, FETCH_SPEECH, LIST_VOICES)
