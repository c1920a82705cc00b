"""Whether a file is all there, by its own structure: lengths in headers may count what is not in its packets."""

import struct
from pathlib import Path
from typing import IO

# Matroska: the top-level element that holds everything, and how an unknown size is written (RFC 8794, 6.2; RFC 9559).
SEGMENT, EBML = 0x18538067, 0x1A45DFA3


def is_complete(path: Path) -> bool | None:
    """Whether the parts that the file says it has end within it; None for formats, and files, that do not say."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"):
            return _boxes_end(file, size)
        if start[:4] == b"RIFF":
            return _chunks_end(file, size)
        if start[:3] == b"FLV":
            return _last_tag_ends(file, size)
        if struct.unpack(">I", start[:4].ljust(4, b"\0"))[0] == EBML:
            return _segment_ends(file, size)
    return None


def _boxes_end(file: IO[bytes], size: int) -> bool:
    """ISO base media: boxes of 32-bit size and type, 64-bit size behind it where the first is 1, 0 to the end."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = struct.unpack(">Q", file.read(8).ljust(8, b"\0"))[0]
        if length == 0:
            return kind != b"\0\0\0\0" or at + 8 < size
        if length < 8 or at + length > size:
            return False
        at += length
    return True


def _chunks_end(file: IO[bytes], size: int) -> bool | None:
    """AVI: RIFF chunks one behind the other, each with its size; a writer that was killed leaves 0."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind != b"RIFF":
            return True  # padding behind the last one
        if length == 0:
            return None
        if at + 8 + length > size:
            return False
        at += 8 + length + length % 2
    return True


def _last_tag_ends(file: IO[bytes], size: int) -> bool:
    """Flash video: each tag is followed by its size, with the 11 bytes of its header."""
    file.seek(max(0, size - 4))
    length = struct.unpack(">I", file.read(4).ljust(4, b"\0"))[0]
    if length < 11 or size - 4 - length < 0:
        return False
    file.seek(size - 4 - length)
    kind, *data = file.read(4)
    return kind in (8, 9, 18) and int.from_bytes(bytes(data), "big") == length - 11


def _segment_ends(file: IO[bytes], size: int) -> bool | None:
    file.seek(0)
    head = file.read(4096)
    at = head.find(struct.pack(">I", SEGMENT))
    if at < 0:
        return None
    first = head[at + 4] if at + 4 < len(head) else 0
    width = 9 - first.bit_length()  # the position of the first 1 tells how many bytes the number has
    if not 1 <= width <= 8:
        return None
    number = int.from_bytes(head[at + 4 : at + 4 + width], "big") & ((1 << 7 * width) - 1)
    if number == (1 << 7 * width) - 1:
        return None  # a live recording
    return at + 4 + width + number <= size
