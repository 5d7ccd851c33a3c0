"""A finished transcript in the forms that OpenAI's API knows.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription,
https://www.w3.org/TR/webvtt1/ and https://en.wikipedia.org/wiki/SubRip
"""

from collections.abc import Callable
from math import ceil
from typing import Any

import orjson
from flask import Response

Result = dict[str, Any]
# What Whisper tells of a segment beside its text, and what stands for "nothing odd" where another
# engine does not: strict clients want all of them.
_TOLD = {
    "seek": 0,
    "tokens": [],
    "temperature": 0.0,
    "avg_logprob": 0.0,
    "compression_ratio": 1.0,
    "no_speech_prob": 0.0,
}
_SEGMENT = ("start", "end", "text", *_TOLD)


def written(result: Result, form: str) -> Response:
    """Answer with what a transcription has found.

    Args:
        result: Of the job.
        form: "json", "text", "srt", "verbose_json" or "vtt".
    """
    kind, write = _FORMS[form]
    return Response(write(result), content_type=kind)


def _json(result: Result) -> bytes:
    return orjson.dumps({"text": result["text"], **_usage(result)})


def _usage(result: Result) -> Result:
    """Say what was heard, in whole seconds, as it is paid for; OpenAI does not for translations."""
    if result["task"] != "transcribe":
        return {}
    return {"usage": {"type": "duration", "seconds": ceil(result["duration"])}}


def _verbose(result: Result) -> bytes:
    segments = [
        {"id": number, **_TOLD, **{name: segment[name] for name in _SEGMENT if name in segment}}
        for number, segment in enumerate(result["segments"])
    ]
    told = {name: result[name] for name in ("task", "language", "duration", "text")}
    words = [word for segment in result["segments"] for word in segment.get("words") or ()]
    timed = {"segments": segments, **({"words": words} if words else {})}
    return orjson.dumps({**told, **timed, **_usage(result)})


def _text(result: Result) -> bytes:
    return f"{result['text']}\n".encode()


def _srt(result: Result) -> bytes:
    cues = [
        f"{number}\n{_clock(one['start'], ',')} --> {_clock(one['end'], ',')}\n{one['text']}\n\n"
        for number, one in enumerate(result["segments"], 1)
    ]
    return "".join(cues).encode()


def _vtt(result: Result) -> bytes:
    cues = [
        f"{_clock(one['start'], '.')} --> {_clock(one['end'], '.')}\n{_escaped(one['text'])}\n\n"
        for one in result["segments"]
    ]
    return ("WEBVTT\n\n" + "".join(cues)).encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    minutes, millis = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{millis // 1000:02d}{point}{millis % 1000:03d}"


_FORMS: dict[str, tuple[str, Callable[[Result], bytes]]] = {
    "json": ("application/json", _json),
    "verbose_json": ("application/json", _verbose),
    "text": ("text/plain; charset=utf-8", _text),
    "srt": ("text/plain; charset=utf-8", _srt),
    "vtt": ("text/vtt; charset=utf-8", _vtt),
}
