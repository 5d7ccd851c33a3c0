"""The jobs of speech."""

from shared.kinds.speech import FETCH_SPEECH, LIST_VOICES, SPEAK, TRANSCRIBE, TRANSCRIBE_SHORT
from workers.base import task
from workers.speech.speaking import Speaking, VoiceList
from workers.speech.transcribing import Transcription

task(TRANSCRIBE)(Transcription)
task(TRANSCRIBE_SHORT)(Transcription)
task(SPEAK)(Speaking)
task(FETCH_SPEECH)(Speaking)
task(LIST_VOICES)(VoiceList)
