"""Where uploaded files lie: a folder of this machine, or an S3 bucket."""

from functools import lru_cache
from importlib import import_module

from shared.config.settings import get_settings
from shared.storage.base import Missing, Storage, StorageFailed, Upload

__all__ = ["Missing", "Storage", "StorageFailed", "Upload", "get_storage"]

# Imported on first use: S3 brings a library that weighs more than the rest of a web process.
KINDS = {
    "local": "shared.storage.local:make",
    "s3": "shared.storage.s3:make",
}


@lru_cache(maxsize=1)
def get_storage() -> Storage:
    """Give the storage that STORAGE_PROVIDER names; made on first use."""
    settings = get_settings()
    module, _, name = KINDS[settings.storage_provider].partition(":")
    storage: Storage = getattr(import_module(module), name)(settings)
    return storage
