"""What a file says of itself as stereo or spherical video, as it says it; what it means is for others to say."""

import re
import struct
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from av.sidedata.sidedata import Type

from factory.video.container import decoded, opened, packets

LOOKED_AT = 1 << 20  # bytes at the beginning, and at the end, where the headers of MP4 files lie
TRIED_PACKETS = 50  # until a frame comes out: some codecs hold back a few
XML = re.compile(rb"GSpherical:(\w+)>\s*([^<\s][^<]*?)\s*<")  # Google's first spherical metadata, a uuid box


@dataclass(frozen=True)
class SphericalData:
    """What FFmpeg tells with the first frame, by its numbers (libavutil's AVStereo3D and AVSphericalMapping), None
    where it tells nothing; and what stands in the older XML.

    stereo: 1 side by side, 2 top and bottom. inverted: the right eye comes first. projection: 0 a whole sphere, 2 a
    part of one, 3 half of one, 4 a plane, 5 fisheye. bounds: shares of the sphere that are missing left, top, right and
    below.
    """

    stereo: int | None
    inverted: bool
    projection: int | None
    bounds: tuple[float, float, float, float]
    xml: dict[str, str]


def spherical_data(path: Path) -> SphericalData:
    """Decodes the first frame. Raises VideoError as `container.opened`."""
    sides: dict[Type, bytes] = {}
    with opened(path) as (container, stream):
        for packet in islice(packets(container, stream), TRIED_PACKETS):
            if frames := decoded(packet):
                sides = {side.type: bytes(side) for side in frames[0].side_data}
                break
    # C structures, little-endian on all machines this runs on: int32 projection, yaw, pitch, roll, then uint32 bounds.
    stereo = struct.unpack_from("<ii", sides[Type.STEREO3D]) if Type.STEREO3D in sides else (None, 0)
    sphere = struct.unpack_from("<iiiiIIII", sides[Type.SPHERICAL]) if Type.SPHERICAL in sides else None
    left, top, right, below = (bound / 2**32 for bound in sphere[4:]) if sphere else (0.0, 0.0, 0.0, 0.0)
    return SphericalData(
        stereo=stereo[0],
        inverted=bool(stereo[1] & 1),
        projection=sphere[0] if sphere else None,
        bounds=(left, top, right, below),
        xml=_xml(path),
    )


def _xml(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        head = file.read(LOOKED_AT)
        file.seek(max(len(head), path.stat().st_size - LOOKED_AT))
        text = head + file.read()
    return {name.decode("ascii", "replace"): value.decode("utf8", "replace") for name, value in XML.findall(text)}
