"""The editor of speech."""

from web.editor import Editor, Group, Of

_SPEECH = ("API_KEY", "ENGINE", "MODEL", "VOICE", "SPLIT_ON")
_AZURE_SPEECH = ("AZURE_SPEECH_REGION", "AZURE_SPEECH_OUTPUT_FORMAT")
_OPENAI = ("OPENAI_API_BASE_URL", "OPENAI_API_KEY")
_TEXT = ("ENGINE", "MODEL", "AZURE_API_KEY", "AZURE_REGION", "AZURE_LOCALES")

CONFIG = Editor(
    name="config",
    about="speech",
    module="web.audio.schemas",
    fields={
        "tts": Group({name: Of(f"AUDIO_TTS_{name}") for name in _OPENAI + _SPEECH + _AZURE_SPEECH}),
        "stt": Group(
            {name: Of(f"AUDIO_STT_{name}") for name in _OPENAI + _TEXT}
            | {name: Of(name) for name in ("WHISPER_MODEL", "DEEPGRAM_API_KEY")}
        ),
    },
)
