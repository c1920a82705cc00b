"""Boxes that say what a video's eyes are, put into MP4 files that PyAV wrote."""

import struct
from pathlib import Path

WAY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")
HEADERS = {b"stsd": 16, b"avc1": 86}  # bytes before what they hold; of others 8
XML_UUID = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")


def box(kind: str, *parts: bytes) -> bytes:
    inner = b"".join(parts)
    return struct.pack(">I4s", 8 + len(inner), kind.encode()) + inner


def st3d(mode: int) -> bytes:
    """1: top and bottom, 2: left and right (Google's Spherical Video V2)."""
    return box("st3d", struct.pack(">IB", 0, mode))


def sv3d(top: float, bottom: float, left: float, right: float) -> bytes:
    """An equirectangular picture; shares of the sphere that are missing."""
    bounds = (min(round(share * 2**32), 2**32 - 1) for share in (top, bottom, left, right))
    projection = box("prhd", bytes(16)), box("equi", struct.pack(">IIIII", 0, *bounds))
    return box("sv3d", box("svhd", bytes(5)), box("proj", *projection))


def vexu(projection: bytes) -> bytes:
    """Apple's: b"hequ" or b"fish"."""
    return box("vexu", box("proj", box("prji", bytes(4), projection)))


def xml(words: dict[str, str]) -> bytes:
    """Google's first spherical metadata."""
    inner = "".join(f"<GSpherical:{name}>{value}</GSpherical:{name}>" for name, value in words.items())
    text = f'<?xml version="1.0"?><rdf:SphericalVideo>{inner}</rdf:SphericalVideo>'
    return box("uuid", XML_UUID, text.encode())


def inject(path: Path, extra: bytes, way: tuple[bytes, ...] = WAY) -> None:
    """Appends boxes to the one at the end of `way`, whose index (moov) comes after all pictures."""
    data = bytearray(path.read_bytes())
    begin, end, places = 0, len(data), []
    for kind in way:
        at = _find(data, begin, end, kind)
        places.append(at)
        begin, end = at + HEADERS.get(kind, 8), at + struct.unpack_from(">I", data, at)[0]
    assert data.find(b"mdat") < places[0], "sample offsets would have to move"
    data[end:end] = extra
    for at in places:
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + len(extra))
    path.write_bytes(data)


def _find(data: bytearray, begin: int, end: int, kind: bytes) -> int:
    while begin < end:
        size, found = struct.unpack_from(">I4s", data, begin)
        if found == kind:
            return begin
        begin += size
    raise AssertionError(f"there is no {kind!r}")
