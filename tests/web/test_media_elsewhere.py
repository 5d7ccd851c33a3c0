"""Speech and pictures on PostgreSQL, with an S3 bucket for what is made."""

from collections.abc import Iterator

import pytest

from shared import storage
from shared.config.options import get_options
from shared.config.settings import load
from shared.services.files import key_of
from shared.storage.base import Storage
from tests.fakes.image_server import PNG, FakeImages
from tests.services.speaking import SENTENCE, WORDS, words_of
from tests.services.things import row_of
from tests.services.waiting import wait_until
from tests.web.test_audio import URL, send

pytestmark = pytest.mark.usefixtures("on_postgres", "bucket", "worker")
_made: list[Storage] = []


@pytest.fixture
def bucket(s3, monkeypatch) -> Iterator[Storage]:
    """The storage of the test."""
    from shared.storage.s3 import make

    env = {
        "STORAGE_PROVIDER": "s3",
        "S3_ENDPOINT_URL": s3.endpoint,
        "S3_BUCKET_NAME": s3.bucket,
        "S3_KEY_PREFIX": "media",
        "S3_ACCESS_KEY_ID": s3.access_key,
        "S3_SECRET_ACCESS_KEY": s3.secret_key,
        "S3_REGION_NAME": "us-east-1",
        "S3_ADDRESSING_STYLE": "path",
    }
    _made.append(make(load(env)))
    storage.get_storage.cache_clear()
    monkeypatch.setitem(storage.KINDS, "local", f"{__name__}:_given")
    yield _made[-1]
    _made.clear()
    storage.get_storage.cache_clear()


def _given(_settings) -> Storage:
    return _made[-1]


def test_what_is_spoken_is_heard_and_spoken_again_out_of_the_bucket(member):
    body = {"input": SENTENCE, "response_format": "mp3"}
    said = member.post(f"{URL}/speech", body)
    heard = send(member, said.data)
    again = member.post(f"{URL}/speech", body)

    assert heard.status_code == 200, heard.text
    assert words_of(heard.json["text"]) == WORDS
    assert again.data == said.data
    assert "X-Job-Id" not in again.headers


def test_a_recording_leaves_the_bucket_when_it_was_heard(member, bucket):
    said = member.post(f"{URL}/speech", {"input": SENTENCE, "response_format": "wav"})

    job_id = send(member, said.data, "a.wav", background="true").json["job"]
    wait_until(lambda: row_of(job_id).finished_at is not None, 30, "the end of the job")

    key = key_of(row_of(job_id).request["file_id"], "a.wav")
    wait_until(lambda: not _is_there(bucket, key), 10, "the recording to go")


def _is_there(bucket: Storage, key: str) -> bool:
    try:
        bucket.size(key)
    except storage.Missing:
        return False
    return True


def test_a_picture_is_kept_in_the_bucket_for_who_asked(member, other):
    with FakeImages() as server:
        get_options().set(
            {
                "ENABLE_IMAGE_GENERATION": True,
                "IMAGE_GENERATION_ENGINE": "openai",
                "IMAGES_OPENAI_API_BASE_URL": f"{server.url}/v1",
                "IMAGES_OPENAI_API_KEY": server.key,
            }
        )

        (picture,) = member.post("/api/v1/images/generations", {"prompt": "a cat"}).json

    assert member.get(picture["url"]).data == PNG
    assert other.get(picture["url"]).status_code == 404
