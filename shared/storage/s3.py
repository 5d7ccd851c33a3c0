"""Objects in a bucket of any server that speaks S3.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
and https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html (sizes of parts).
"""

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from shared.config.settings import Settings
from shared.storage.base import PIECE_BYTES, Missing, StorageFailed

log = logging.getLogger(__name__)

R = TypeVar("R")

# A part may not be smaller, but for the last one; an upload under way holds so much in memory.
_PART_BYTES = 5 * 1024 * 1024
_ABSENT = ("404", "NoSuchKey", "NotFound")


def make(settings: Settings) -> "S3Storage":
    """Make the storage that the settings describe."""
    return S3Storage(_client(settings), settings.s3_bucket_name, settings.s3_key_prefix)


def _client(settings: Settings) -> Any:
    import boto3  # noqa: PLC0415 -- 40 MB, of use with S3 only
    from botocore.config import Config  # noqa: PLC0415 -- comes with boto3

    style = {"addressing_style": settings.s3_addressing_style or "auto"}
    config = Config(
        s3=style | {"use_accelerate_endpoint": settings.s3_use_accelerate_endpoint},
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=50,
        # Newer checksums are unknown to many servers that are not Amazon's.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    # What is empty is looked up in the usual places of Amazon's tools (roles, ~/.aws).
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url or None,
        region_name=settings.s3_region_name or None,
        aws_access_key_id=settings.s3_access_key_id or None,
        aws_secret_access_key=settings.s3_secret_access_key or None,
        config=config,
    )


def _asked(call: Callable[..., R], **arguments: Any) -> R:
    """Ask the server; its errors become ours here."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- see _client

    try:
        return call(**arguments)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _ABSENT:
            raise Missing from None
        log.warning("S3 refuses: %s", error)
        raise StorageFailed from error
    except (BotoCoreError, OSError) as error:
        log.warning("S3 does not answer: %s", type(error).__name__)
        raise StorageFailed from error


class S3Storage:
    """A bucket, or what stands in it under a prefix.

    Args:
        client: boto3's, which may be shared by green threads.
        bucket: Has to exist.
        prefix: Folder inside the bucket; none when empty.
    """

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        self._client, self._bucket = client, bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}

    def begin(self, key: str) -> "S3Upload":
        """See `Storage`."""
        return S3Upload(self._client, self._place(key))

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See `Storage`."""
        end = "" if length is None else str(start + length - 1)
        span = {"Range": f"bytes={start}-{end}"} if start or length is not None else {}
        if length == 0:
            self.size(key)
            return iter(())
        return _pieces(_asked(self._client.get_object, **self._place(key), **span)["Body"])

    def size(self, key: str) -> int:
        """See `Storage`."""
        return int(_asked(self._client.head_object, **self._place(key))["ContentLength"])

    def delete(self, key: str) -> None:
        """See `Storage`."""
        _asked(self._client.delete_object, **self._place(key))

    @contextmanager
    def as_file(self, key: str) -> Iterator[Path]:
        """See `Storage`."""
        with tempfile.NamedTemporaryFile(prefix="switchyard-") as copy:
            for piece in self.read(key):
                copy.write(piece)
            copy.flush()
            yield Path(copy.name)

    def clear_unfinished(self, before: float) -> None:
        """See `Storage`."""
        where = {"Bucket": self._bucket, "Prefix": self._prefix}
        pages = iter(self._client.get_paginator("list_multipart_uploads").paginate(**where))
        while (page := _asked(lambda: next(pages, None))) is not None:
            for found in page.get("Uploads", ()):
                if found["Initiated"].timestamp() < before:
                    key, upload = found["Key"], found["UploadId"]
                    place = {"Bucket": self._bucket, "Key": key, "UploadId": upload}
                    _asked(self._client.abort_multipart_upload, **place)


def _pieces(body: Any) -> Iterator[bytes]:
    try:
        while piece := _asked(lambda: body.read(PIECE_BYTES)):
            yield piece
    finally:
        body.close()


class S3Upload:
    """An object on its way: in one request when it is small, else in parts."""

    def __init__(self, client: Any, place: dict[str, str]) -> None:
        self._client, self._place = client, place
        self._pending = bytearray()
        self._upload: dict[str, str] | None = None
        self._parts: list[dict[str, Any]] = []

    def write(self, piece: bytes) -> None:
        """See `Upload`."""
        self._pending += piece
        if len(self._pending) >= _PART_BYTES:
            self._send_part()

    def _send_part(self) -> None:
        if self._upload is None:
            begun = _asked(self._client.create_multipart_upload, **self._place)
            self._upload = {**self._place, "UploadId": begun["UploadId"]}
        number = len(self._parts) + 1
        part = {"PartNumber": number, "Body": bytes(self._pending)}
        sent = _asked(self._client.upload_part, **self._upload, **part)
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._pending.clear()

    def commit(self) -> None:
        """See `Upload`."""
        if self._upload is None:
            _asked(self._client.put_object, **self._place, Body=bytes(self._pending))
            return
        try:
            if self._pending:
                self._send_part()
            whole = {"MultipartUpload": {"Parts": self._parts}}
            _asked(self._client.complete_multipart_upload, **self._upload, **whole)
            self._upload = None
        finally:
            self.abort()

    def abort(self) -> None:
        """See `Upload`."""
        self._pending.clear()
        if self._upload is None:
            return
        upload, self._upload = self._upload, None
        try:
            _asked(self._client.abort_multipart_upload, **upload)
        except (Missing, StorageFailed):
            log.warning("the parts of an upload are left; the upkeep clears them away")
