"""A reader of OpenEXR pictures that knows no more than the format's description: scan lines, channels of one kind, not
compressed or by ZIP."""

import struct
import zlib

import numpy as np

MAGIC, KINDS = 20000630, {1: np.dtype("<f2"), 2: np.dtype("<f4")}
LINES = {0: 1, 2: 1, 3: 16}  # of a chunk, by the compression: none, ZIPS, ZIP


def read_exr(content: bytes) -> dict[str, np.ndarray]:
    """Channels (h, w) by name."""
    magic, version = struct.unpack_from("<ii", content)
    assert (magic, version) == (MAGIC, 2)  # one part, scan lines, short names
    at, told = 8, {}
    while content[at]:
        name, kind = content[at:].split(b"\0", 2)[:2]
        at += len(name) + len(kind) + 2
        (size,) = struct.unpack_from("<i", content, at)
        told[name.decode()] = content[at + 4 : at + 4 + size]
        at += 4 + size
    x0, y0, x1, y1 = struct.unpack("<4i", told["dataWindow"])
    width, height = x1 - x0 + 1, y1 - y0 + 1
    kinds = dict(channels(told["channels"]))
    (kind,) = set(kinds.values())
    lines = LINES[told["compression"][0]]
    chunks = struct.unpack_from(f"<{-(-height // lines)}Q", content, at + 1)
    found = np.empty((height, len(kinds), width), KINDS[kind])
    for chunk in chunks:
        y, size = struct.unpack_from("<ii", content, chunk)
        rows = found[y - y0 : y - y0 + lines]
        data = content[chunk + 8 : chunk + 8 + size]
        raw = data if size == rows.nbytes else unzipped(data)
        rows[:] = np.frombuffer(raw, KINDS[kind]).reshape(rows.shape)
    return {name: found[:, i] for i, name in enumerate(kinds)}


def channels(listed: bytes):
    while listed[0]:
        name, _, rest = listed.partition(b"\0")
        yield name.decode(), struct.unpack_from("<i", rest)[0]
        listed = rest[16:]


def unzipped(data: bytes) -> bytes:
    """Bytes are told by their difference to the one before, even places of the data first, then odd ones."""
    moved = np.frombuffer(zlib.decompress(data), np.uint8).astype(np.int64)
    moved[1:] -= 128
    ordered = np.cumsum(moved).astype(np.uint8)
    half = (len(ordered) + 1) // 2
    found = np.empty_like(ordered)
    found[0::2], found[1::2] = ordered[:half], ordered[half:]
    return found.tobytes()
