"""Speech over HTTP, with the local engines: what the voice says the ear understands."""

import io
import json
from base64 import b64decode

import av
import orjson
import pytest

from shared import db, relay
from shared.config.options import get_options
from shared.models.file import File
from shared.models.job import COMPLETED
from tests.services.speaking import (
    SENTENCE,
    WORDS,
    Kind,
    read,
    recoded,
    recording,
    spoken_sentence,
    words_of,
)
from tests.services.things import row_of
from tests.services.waiting import wait_until
from workers.speech.base import HEARD_RATE
from workers.speech.media import Encoder

pytestmark = pytest.mark.usefixtures("uploads")
URL, V1 = "/api/v1/audio", "/audio/transcriptions"


def send(caller, content, name="speech.mp3", path=f"{URL}/transcriptions", **fields):
    form = {"file": (io.BytesIO(content), name), **fields}
    headers = {"Authorization": f"Bearer {caller.token}"}
    client = caller.app.test_client(use_cookies=False)
    return client.post(path, data=form, headers=headers, content_type="multipart/form-data")


def wait_for_job(job_id):
    """Wait until a job has ended; gives its row."""
    wait_until(lambda: row_of(job_id).finished_at is not None, 30, "the end of the job")
    return row_of(job_id)


def events_of(job_id):
    return [orjson.loads(event) for event in relay.replay(job_id, 0)]


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav"])
def test_what_the_local_voice_says_the_local_ear_understands(member, worker, form):
    said = member.post(f"{URL}/speech", {"input": SENTENCE, "response_format": form})
    heard = send(member, said.data, f"speech.{form}")

    assert said.status_code == 200, said.text
    assert heard.status_code == 200, heard.text
    assert words_of(heard.json["text"]) == WORDS
    assert heard.json["filename"] == f"speech.{form}"


KINDS = {
    "a.webm": Kind("webm", "libopus", 48_000),
    "a.m4a": Kind("ipod", "aac", 44_100),
    "ein schöner Film 日本.mp4": Kind("mp4", "aac", 44_100, "stereo", has_pictures=True),
    "a.mkv": Kind("matroska", "ac3", 48_000, "stereo", has_pictures=True),
    "call.wav": Kind("wav", "pcm_alaw", 8_000),
    "studio.wav": Kind("wav", "pcm_s24le", 96_000, "stereo"),
    "a.txt": Kind("flac", "flac", 96_000, "stereo"),
    "no-suffix": Kind("ogg", "libopus", 48_000, "stereo"),
}


@pytest.fixture
def spoken():
    """The sentence as a recording."""
    return spoken_sentence()


@pytest.mark.parametrize("name", KINDS)
def test_a_recording_is_understood_whatever_its_kind_and_its_name(member, worker, spoken, name):
    answer = send(member, recoded(spoken, KINDS[name]), name)

    assert answer.status_code == 200, answer.text
    assert words_of(answer.json["text"]) == WORDS
    assert answer.json["filename"] == name


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_in_silence_nothing_is_heard(member, worker, form):
    silence = Encoder(form, HEARD_RATE)
    content = silence.write(bytes(2 * 5 * HEARD_RATE)) + silence.finish()

    answer = send(member, content, f"a.{form}", f"/v1{V1}", response_format="verbose_json")

    assert answer.status_code == 200
    assert (answer.json["text"], answer.json["segments"]) == ("", [])
    assert answer.json["duration"] == pytest.approx(5, abs=0.2)


def test_a_tenth_of_a_second_is_a_recording_too(member, worker):
    assert send(member, recording(0.1), "a.wav").status_code == 200


def test_a_film_without_sound_is_told_to_be_one(member, worker):
    file = io.BytesIO()
    with av.open(file, "w", "mp4") as film:
        pictures = film.add_stream("mpeg4", rate=5)
        pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
        film.mux(pictures.encode(av.VideoFrame(32, 32, "yuv420p")))
        film.mux(pictures.encode(None))

    answer = send(member, file.getvalue(), "a.mp4")

    assert (answer.status_code, answer.json) == (400, {"detail": "There is no sound in this file."})


@pytest.mark.parametrize("text", ["…", "...", "-", "?!"])
def test_a_text_that_nobody_can_say_is_a_short_silence(member, worker, text, tmp_path):
    answer = member.post(f"{URL}/speech", {"input": text})

    assert answer.status_code == 200
    samples = read(answer.data, tmp_path)
    assert 0 < len(samples) < HEARD_RATE


def test_a_text_that_was_spoken_before_is_not_spoken_anew_for_the_same_user(
    member, other, worker, uploads
):
    body = {"input": "Hello.", "response_format": "mp3"}
    first = member.post(f"{URL}/speech", body).data  # read to its end: then it is kept

    again = member.post(f"{URL}/speech", body)
    for_another = other.post(f"{URL}/speech", body)

    assert again.data == first
    assert again.content_length == len(first)
    assert "X-Job-Id" not in again.headers
    assert row_of(for_another.headers["X-Job-Id"]).user_id == other.id


def test_a_long_recording_is_told_piece_by_piece_and_given_as_subtitles(member, worker):
    spoken = member.post(f"{URL}/speech", {"input": SENTENCE, "response_format": "wav"}).data

    answer = send(member, spoken, "speech.wav", background="true")
    job = wait_for_job(answer.json["job"])
    path = f"{URL}/transcriptions/{answer.json['job']}"
    srt, vtt = (member.get(f"{path}?response_format={form}") for form in ("srt", "vtt"))
    told = member.get(path).json

    assert answer.status_code == 202
    assert srt.text.startswith("1\n00:00:00,")
    assert vtt.text.startswith("WEBVTT\n\n00:00:00.")
    assert words_of(told["text"]) == WORDS
    assert told["segments"][0]["start"] < told["segments"][0]["end"] <= told["duration"] + 0.5
    events = [event for event in events_of(job.id) if event["type"] in ("delta", "progress")]
    assert [event["type"] for event in events] == ["delta", "progress"]
    assert events[1]["data"]["done"] == events[1]["data"]["total"] > 1


def test_the_recording_goes_when_it_was_heard_and_stays_when_it_was_not(member, worker, uploads):
    heard = send(member, recording(1), background="true").json["job"]
    broken = send(member, b"OggS\x00 is how it begins, and no more", background="true").json["job"]
    wait_for_job(heard)
    job = wait_for_job(broken)

    with db.reading() as session:
        left = [file.id for file in session.query(File)]
    assert row_of(heard).status == COMPLETED
    assert (job.status, job.error) == ("failed", "The file is no recording that can be read.")
    assert left == [job.request["file_id"]]


@pytest.mark.parametrize(
    ("content", "fields", "words"),
    [
        (b"%PDF-1.4 and so on", {}, "This is no recording: it looks like application/pdf."),
        (recording(0.5), {"response_format": "xml"}, "response_format: "),
        (recording(0.5), {"language": "12"}, "language: "),
        (recording(0.5), {"language": "de"}, "The local engine hears English only."),
    ],
)
def test_what_cannot_be_heard_is_refused_in_words(member, worker, content, fields, words):
    answer = send(member, content, "a.wav", **fields)

    assert answer.status_code == 400
    assert words in answer.json["detail"]


def test_a_transcription_is_nobody_elses(member, other, worker):
    job = send(member, recording(1), background="true").json["job"]
    wait_for_job(job)

    assert other.get(f"{URL}/transcriptions/{job}").status_code == 404


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"AUDIO_STT_ENGINE": "openai"}, "AUDIO_STT_OPENAI_API_KEY"),
        ({"AUDIO_STT_ENGINE": "deepgram"}, "DEEPGRAM_API_KEY"),
        ({"AUDIO_STT_ENGINE": "azure"}, "AUDIO_STT_AZURE_API_KEY and AUDIO_STT_AZURE_REGION"),
    ],
)
def test_an_engine_that_is_not_configured_names_what_to_set(member, options, words):
    get_options().set(options)

    answer = send(member, recording(0.5), "a.wav")

    assert answer.status_code == 400
    assert words in answer.json["detail"]


@pytest.mark.parametrize("permission", ["stt", "tts"])
def test_a_permission_is_needed(member, permission):
    get_options().set({"USER_PERMISSIONS": {"chat": {permission: False}}})

    if permission == "stt":
        answer = send(member, recording(0.5), "a.wav")
    else:
        answer = member.post(f"{URL}/speech", {"input": "Hello."})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"input": ""},
        {"input": " \n"},
        {"input": "x" * 40_000},
        {"input": "x", "response_format": "midi"},
        {"input": "x", "speed": 9},
    ],
)
def test_what_cannot_be_said_is_refused(member, body):
    assert member.post(f"{URL}/speech", body).status_code == 422


def test_a_voice_that_is_not_there_is_named(member, worker):
    answer = member.post(f"{URL}/speech", {"input": "Hello.", "voice": "nobody"})

    assert answer.status_code == 400
    assert "There is no voice 'nobody'; there are en_US-joe-medium" in answer.json["detail"]


def test_voices_and_models_are_listed(member, worker):
    voices, models = member.get(f"{URL}/voices").json, member.get(f"{URL}/models").json

    assert {"id": "en_US-joe-medium", "name": "en_US-joe-medium"} in voices["voices"]
    assert models == {"models": [{"id": "piper"}]}


def test_the_openai_form_of_a_stream(member, worker, spoken):
    answer = send(member, spoken, path=f"/v1{V1}", model="x", stream="true")

    told = events_in(answer)
    assert [event["type"] for event in told] == ["transcript.text.delta", "transcript.text.done"]
    assert words_of(told[1]["text"]) == WORDS


def events_in(answer):
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line[:5] == "data:"]


def test_the_openai_form_of_sound_in_events(member, worker):
    body = {"input": SENTENCE, "response_format": "flac"}

    told = events_in(member.post("/v1/audio/speech", {**body, "stream_format": "sse"}))

    sound = b"".join(b64decode(event["audio"]) for event in told[:-1])
    assert {event["type"] for event in told[:-1]} == {"speech.audio.delta"}
    assert told[-1] == {"type": "speech.audio.done"}
    assert sound == member.post("/v1/audio/speech", body).data


def test_every_segment_has_what_strict_clients_want(member, worker, spoken):
    answer = send(member, spoken, path=f"/v1{V1}", response_format="verbose_json").json

    assert answer["usage"] == {"type": "duration", "seconds": 3}
    [segment] = answer["segments"]
    assert {**segment, "start": 0, "end": 0} == {
        "id": 0,
        "seek": 0,
        "start": 0,
        "end": 0,
        "text": SENTENCE,
        "tokens": [],
        "temperature": 0,
        "avg_logprob": 0,
        "compression_ratio": 1,
        "no_speech_prob": 0,
    }
