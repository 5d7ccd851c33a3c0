"""Speech by services, each of which speaks its documented protocol."""

import json

import pytest

from shared.config.options import get_options
from shared.models.job import CANCELLED
from shared.services import jobs
from tests.fakes.speech_server import SOUND, TEXT, FakeSpeech
from tests.services.speaking import recording
from tests.services.things import row_of
from tests.services.waiting import wait_until
from tests.web.test_audio import URL, send
from web.audio import listening
from workers.speech.listeners import azure as azure_ear
from workers.speech.listeners import deepgram
from workers.speech.speakers import azure as azure_voice
from workers.speech.speakers import elevenlabs

pytestmark = pytest.mark.usefixtures("uploads", "worker")
LISTENERS = ["openai", "deepgram", "azure"]
SPEAKERS = ["openai", "elevenlabs", "azure"]


@pytest.fixture(scope="module")
def _service():
    with FakeSpeech() as server:
        yield server


@pytest.fixture
def service(_service, world, monkeypatch):
    _service.reset()
    monkeypatch.setattr(deepgram, "URL", f"{_service.url}/v1/listen")
    region = f"{_service.url}/{{region}}"
    monkeypatch.setattr(azure_ear, "URL", f"{region}/transcriptions:transcribe?api-version=1")
    monkeypatch.setattr(azure_voice, "URL", region)
    monkeypatch.setattr(elevenlabs, "URL", f"{_service.url}/v1")
    get_options().set(
        {
            "AUDIO_STT_OPENAI_API_BASE_URL": f"{_service.url}/v1",
            "AUDIO_STT_OPENAI_API_KEY": _service.key,
            "DEEPGRAM_API_KEY": _service.key,
            "AUDIO_STT_AZURE_API_KEY": _service.key,
            "AUDIO_STT_AZURE_REGION": "westeurope",
            "AUDIO_STT_AZURE_LOCALES": "en-US,de-DE",
            "AUDIO_TTS_OPENAI_API_BASE_URL": f"{_service.url}/v1",
            "AUDIO_TTS_OPENAI_API_KEY": _service.key,
            "AUDIO_TTS_API_KEY": _service.key,
            "AUDIO_TTS_VOICE": "en-US-Vera",
        }
    )
    return _service


@pytest.mark.parametrize("engine", LISTENERS)
def test_a_service_listens_piece_by_piece_with_times_of_the_whole(member, service, engine):
    get_options().set({"AUDIO_STT_ENGINE": engine})

    answer = send(
        member,
        recording(150),
        "a.wav",
        path="/v1/audio/transcriptions",
        response_format="verbose_json",
        **{"timestamp_granularities[]": "word"},
    )

    assert answer.status_code == 200, answer.text
    told = answer.json
    assert told["text"] == f"{TEXT} {TEXT}"
    first, second = told["segments"]
    assert (first["start"], first["end"], first["text"]) == (0, 1, TEXT)
    assert 60 < second["start"] < 120
    assert (first["avg_logprob"], first["no_speech_prob"]) in ((0, 0), (-0.25, 0.01))
    assert told["words"][0]["word"].lower() == "hello"
    assert told["words"][-1]["start"] > second["start"]
    assert round(told["duration"]) == 150


def test_a_cancelled_job_does_not_wait_for_a_service_that_listens(member, service):
    get_options().set({"AUDIO_STT_ENGINE": "openai"})
    service.gate = 0
    job_id = send(member, recording(1), background="true").json["job"]
    wait_until(lambda: service.heard, 10, "the service to listen")

    jobs.cancel(member.user, job_id)

    wait_until(lambda: row_of(job_id).status == CANCELLED, 5, "the job to end")
    service.release.set()


@pytest.mark.parametrize("door", [f"{URL}/transcriptions", "/v1/audio/transcriptions"])
def test_what_is_long_is_answered_with_its_job_before_proxies_give_up(
    member, service, monkeypatch, door
):
    monkeypatch.setattr(listening, "_PROXIES_WAIT_S", 0.0)
    get_options().set({"AUDIO_STT_ENGINE": "openai"})
    service.gate = 0

    answer = send(member, recording(40), "a.wav", path=door)

    service.let_go()
    job = answer.json["job"]
    wait_until(lambda: row_of(job).finished_at is not None, 10, "the end of the job")
    assert answer.status_code == 202
    assert member.get(f"{URL}/transcriptions/{job}").json["text"] == TEXT


@pytest.mark.parametrize("engine", SPEAKERS)
def test_a_service_speaks(member, service, engine):
    get_options().set({"AUDIO_TTS_ENGINE": engine})

    answer = member.post(f"{URL}/speech", {"input": "Hello & good bye."})

    assert answer.status_code == 200, answer.text
    assert answer.data == SOUND
    assert answer.content_type == "audio/mpeg"


def test_openai_is_told_how_to_speak(member, service):
    get_options().set({"AUDIO_TTS_ENGINE": "openai", "AUDIO_TTS_MODEL": "tts-1-hd"})
    body = {"input": "Hello.", "voice": "nova", "response_format": "flac", "speed": 1.5}

    member.post("/v1/audio/speech", body)

    assert json.loads(service.asked[0][1]) == {**body, "model": "tts-1-hd"}


def test_openai_is_given_instructions_and_what_was_said_otherwise_is_no_answer(member, service):
    get_options().set({"AUDIO_TTS_ENGINE": "openai"})

    for told in ({}, {"instructions": "Whisper."}, {}):
        member.post("/v1/audio/speech", {"input": "Hello.", **told}).data  # noqa: B018 -- to its end

    asked = [json.loads(body).get("instructions") for _, body, _ in service.asked]
    assert asked == [None, "Whisper."]


def test_a_whole_answer_of_the_page_is_said_at_once(member, service):
    get_options().set({"AUDIO_TTS_ENGINE": "openai"})
    body = {"input": "Hello. " * 700}

    assert member.post(f"{URL}/speech", body).status_code == 200
    assert member.post("/v1/audio/speech", body).status_code == 400


@pytest.mark.parametrize("trouble", [None, (500, "Broken.")])
def test_sound_in_events_fails_as_all_else_before_it_begins(member, service, trouble):
    get_options().set({"AUDIO_TTS_ENGINE": "openai"})
    service.trouble = trouble

    answer = member.post("/v1/audio/speech", {"input": "Hello.", "stream_format": "sse"})

    assert answer.status_code == (502 if trouble else 200)
    assert ("speech.audio.done" in answer.text) is (trouble is None)


def test_azure_gets_text_and_no_tags(member, service):
    get_options().set({"AUDIO_TTS_ENGINE": "azure"})

    member.post(f"{URL}/speech", {"input": "<break/> & more", "voice": 'x"y', "speed": 2})

    sent = service.asked[0][1].decode()
    assert '<prosody rate="2.00">&lt;break/&gt; &amp; more</prosody>' in sent
    assert "name='x\"y'" in sent


def test_a_translation_asks_for_english(member, service):
    get_options().set({"AUDIO_STT_ENGINE": "openai"})

    answer = send(member, recording(1), "a.wav", path="/v1/audio/translations")

    assert answer.json == {"text": TEXT}
    assert service.asked[0][0] == "/v1/audio/translations"


@pytest.mark.parametrize("engine", ["deepgram", "azure"])
def test_who_does_not_translate_says_so(member, service, engine):
    get_options().set({"AUDIO_STT_ENGINE": engine})

    answer = send(member, recording(1), "a.wav", path="/v1/audio/translations")

    assert answer.status_code == 400
    assert "does not translate" in answer.json["error"]["message"]


@pytest.mark.parametrize("engine", LISTENERS)
@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ((400, "Audio is too strange."), "Audio is too strange."),
        ((401, "No."), "does not accept the key"),
        ((503, "Later."), "answered with status 503"),
    ],
)
def test_what_a_listener_complains_of_is_told(member, service, engine, trouble, words):
    get_options().set({"AUDIO_STT_ENGINE": engine})
    service.trouble = trouble

    answer = send(member, recording(1), "a.wav")

    assert answer.status_code == 400
    assert words in answer.json["detail"]


@pytest.mark.parametrize("engine", SPEAKERS)
def test_what_a_speaker_complains_of_is_told(member, service, engine):
    get_options().set({"AUDIO_TTS_ENGINE": engine})
    service.trouble = (422, "Unknown voice.")

    answer = member.post("/v1/audio/speech", {"input": "Hello."})

    assert answer.status_code == 400
    assert "Unknown voice." in answer.json["error"]["message"]


@pytest.mark.parametrize("engine", ["elevenlabs", "azure"])
def test_a_form_that_a_service_does_not_send_is_named(member, service, engine):
    get_options().set({"AUDIO_TTS_ENGINE": engine})

    answer = member.post(f"{URL}/speech", {"input": "Hello.", "response_format": "flac"})

    assert answer.status_code == 400
    assert "not flac" in answer.json["detail"]


@pytest.mark.parametrize("engine", SPEAKERS)
def test_voices_are_listed(member, service, engine):
    get_options().set({"AUDIO_TTS_ENGINE": engine})

    [voice] = member.get(f"{URL}/voices").json["voices"]

    assert "Vera" in voice["name"]
