"""Tells from a GGUF file's head whether it can be a whole model file."""

import mmap
import os
import struct
from pathlib import Path

_MAGIC = b"GGUF"
_STRING, _ARRAY = 8, 9
# Bytes of the fixed-size value types: u8 i8 u16 i16 u32 i32 f32 bool, and from 10 on u64 i64 f64.
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def problem(path: Path) -> str | None:
    """Say in words why a file cannot be loaded, or None when nothing speaks against it.

    A file that is still being copied is found as well: its last tensors lie beyond its end.

    Source: ggml docs, "GGUF", versions 2 and 3.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                return "the file is empty"
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _problem(data, size)
    except OSError as error:
        return f"the file cannot be read: {error.strerror}"


def _problem(data: mmap.mmap, size: int) -> str | None:
    if data[:4] != _MAGIC:
        return "the file is not in GGUF format"
    try:
        head = _Head(data)
        last_offset = head.last_tensor_offset()
    except (struct.error, IndexError, KeyError, OverflowError):
        return "the file is damaged, or not copied to its end"
    if head.tensors == 0:
        return "the file holds no tensors"
    if head.position + last_offset >= size:
        return "the file is damaged, or not copied to its end"
    return None


class _Head:
    """Walks over a GGUF file's head."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self.position = 8
        self.tensors = self._take("<Q")
        self._values = self._take("<Q")

    def last_tensor_offset(self) -> int:
        for _ in range(self._values):
            self._skip_string()
            self._skip_value(self._take("<I"))
        return max((self._tensor_offset() for _ in range(self.tensors)), default=0)

    def _take(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self.position)
        self.position += struct.calcsize(form)
        return int(value)

    def _skip(self, count: int) -> None:
        self.position += count
        if self.position > len(self._data):
            raise IndexError

    def _skip_string(self) -> None:
        self._skip(self._take("<Q"))

    def _skip_value(self, kind: int) -> None:
        if kind == _STRING:
            self._skip_string()
        elif kind == _ARRAY:
            self._skip_array(self._take("<I"), self._take("<Q"))
        else:
            self._skip(_SIZES[kind])

    def _skip_array(self, kind: int, count: int) -> None:
        if kind in _SIZES:
            self._skip(_SIZES[kind] * count)
            return
        for _ in range(count):
            self._skip_value(kind)

    def _tensor_offset(self) -> int:
        self._skip_string()
        dimensions = self._take("<I")
        self._skip(8 * dimensions + 4)
        return self._take("<Q")
