"""Options of speech: text out of it, and it out of text."""

from typing import Literal

from shared.config.options.base import Option
from shared.config.options.connections import OPENAI_URL, openai_key_for

_ToText = Literal["", "openai", "deepgram", "azure", "web"]
_ToSpeech = Literal["", "openai", "elevenlabs", "azure", "transformers"]
_Split = Literal["punctuation", "paragraphs", "none"]

AUDIO = (
    Option("WHISPER_MODEL", "audio.stt.whisper_model", "base"),
    Option("WHISPER_VAD_FILTER", "audio.stt.whisper_vad_filter", False),
    Option("DEEPGRAM_API_KEY", "audio.stt.deepgram.api_key", "", is_secret=True),
    Option("AUDIO_STT_OPENAI_API_BASE_URL", "audio.stt.openai.api_base_url", OPENAI_URL),
    Option(
        "AUDIO_STT_OPENAI_API_KEY",
        "audio.stt.openai.api_key",
        "",
        follows=openai_key_for("AUDIO_STT_OPENAI_API_BASE_URL"),
        is_secret=True,
    ),
    Option("AUDIO_STT_ENGINE", "audio.stt.engine", "", kind=_ToText),
    Option("AUDIO_STT_MODEL", "audio.stt.model", ""),
    Option("AUDIO_STT_AZURE_API_KEY", "audio.stt.azure.api_key", "", is_secret=True),
    Option("AUDIO_STT_AZURE_REGION", "audio.stt.azure.region", ""),
    Option("AUDIO_STT_AZURE_LOCALES", "audio.stt.azure.locales", ""),
    Option("AUDIO_TTS_OPENAI_API_BASE_URL", "audio.tts.openai.api_base_url", OPENAI_URL),
    Option(
        "AUDIO_TTS_OPENAI_API_KEY",
        "audio.tts.openai.api_key",
        "",
        follows=openai_key_for("AUDIO_TTS_OPENAI_API_BASE_URL"),
        is_secret=True,
    ),
    Option("AUDIO_TTS_API_KEY", "audio.tts.api_key", "", is_secret=True),
    Option("AUDIO_TTS_ENGINE", "audio.tts.engine", "", kind=_ToSpeech),
    Option("AUDIO_TTS_MODEL", "audio.tts.model", "tts-1"),
    Option("AUDIO_TTS_VOICE", "audio.tts.voice", "alloy"),
    Option("AUDIO_TTS_SPLIT_ON", "audio.tts.split_on", "punctuation", kind=_Split),
    Option("AUDIO_TTS_AZURE_SPEECH_REGION", "audio.tts.azure.speech_region", "eastus"),
    Option(
        "AUDIO_TTS_AZURE_SPEECH_OUTPUT_FORMAT",
        "audio.tts.azure.speech_output_format",
        "audio-24khz-160kbitrate-mono-mp3",
    ),
)
