"""Values with large arrays between two processes: the arrays in one block of shared memory, the rest as bytes.

The block is a file without a name where the system has such (it is gone with the processes that have it open), else a
temporary one. Who packs keeps the block until the other side has answered; who opens sees the arrays in place.
"""

import mmap
import os
import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEAST_BYTES = 1 << 16  # smaller arrays travel in the bytes
ALIGNED = 64


@dataclass(frozen=True)
class Packed:
    """path: of the block, None where there are no large arrays. spans: where each lies in it."""

    content: bytes
    path: str | None
    temporary: bool
    spans: tuple[tuple[int, int], ...]


class Block:
    """Open for as long as somebody may want to read it."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def pack(value: Any) -> tuple[Packed, Block]:
    """value: what pickle takes. Arrays in it must be contiguous to travel in the block."""
    large: list[memoryview] = []

    def aside(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < LEAST_BYTES:
            return True  # in the bytes
        large.append(raw)
        return False

    content = pickle.dumps(value, protocol=5, buffer_callback=aside)
    if not large:
        return Packed(content, None, False, ()), Block()
    spans, end = [], 0
    for raw in large:
        spans.append((end, raw.nbytes))
        end += -(-raw.nbytes // ALIGNED) * ALIGNED
    descriptor, path, temporary = _file()
    os.truncate(descriptor, end)
    for (begin, _), raw in zip(spans, large, strict=True):
        done = 0
        while done < raw.nbytes:  # one call writes 2 GB at the most
            done += os.pwrite(descriptor, raw[done:], begin + done)
    return Packed(content, path, temporary, tuple(spans)), Block(descriptor)


def unpack(packed: Packed) -> Any:
    """The value, its large arrays in shared memory and not to be written to."""
    if packed.path is None:
        return pickle.loads(packed.content)
    descriptor = os.open(packed.path, os.O_RDONLY)
    try:
        whole = memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))
    finally:
        os.close(descriptor)
        if packed.temporary:
            Path(packed.path).unlink()
    return pickle.loads(packed.content, buffers=[whole[begin : begin + size] for begin, size in packed.spans])


def _file() -> tuple[int, str, bool]:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("factory-block")
        return descriptor, f"/proc/{os.getpid()}/fd/{descriptor}", False
    descriptor, path = tempfile.mkstemp(prefix="factory-block-")
    return descriptor, path, True
