"""What files declare, of files that say it in each of the ways there are."""

from pathlib import Path

import pytest

from factory.stereo.metadata import Declared, declared, meaning
from factory.video.spherical import SphericalData, spherical_data
from tests.conftest import shifted
from tests.stereo.boxes import WAY, inject, st3d, sv3d, vexu, xml
from tests.videos import write

SPHERE, HALF = (-180.0, 180.0, -90.0, 90.0), (-90.0, 90.0, -90.0, 90.0)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write(tmp_path / "video.mp4", shifted(0, 4))


def test_a_plain_file_declares_nothing(video):
    assert declared(video) == Declared()


@pytest.mark.parametrize(
    ("boxes", "wanted"),
    [
        (st3d(2) + sv3d(0, 0, 0.25, 0.25), Declared("side_by_side", "half_equirect", False, HALF)),
        (st3d(1) + sv3d(0, 0, 0, 0), Declared("top_bottom", "half_equirect", False, SPHERE)),
        (sv3d(0.125, 0.25, 0.3, 0.25), Declared(None, "half_equirect", None, (-72.0, 90.0, -67.5, 45.0))),
        (st3d(2), Declared("side_by_side", None, False)),
        (vexu(b"hequ"), Declared(None, "half_equirect", None, HALF)),
        (vexu(b"fish"), Declared(None, "fisheye", None)),
    ],
    ids=["vr180", "sphere", "part", "stereo alone", "half", "fisheye"],
)
def test_boxes(video, boxes, wanted):
    inject(video, boxes)
    found = declared(video)
    assert (found.arrangement, found.projection, found.swapped) == (
        wanted.arrangement,
        wanted.projection,
        wanted.swapped,
    )
    assert found.whole_sphere == wanted.whole_sphere
    assert found.edges_deg == (None if wanted.edges_deg is None else pytest.approx(wanted.edges_deg, abs=1e-6))


def test_older_xml(video):
    crop = {"FullPanoWidthPixels": 7680, "FullPanoHeightPixels": 3840, "CroppedAreaLeftPixels": 1920}
    crop |= {"CroppedAreaTopPixels": 0, "CroppedAreaImageWidthPixels": 3840, "CroppedAreaImageHeightPixels": 3840}
    words = {"Spherical": "true", "ProjectionType": "equirectangular", "StereoMode": "left-right"}
    inject(video, xml(words | {name: str(value) for name, value in crop.items()}), WAY[:2])
    assert declared(video) == Declared("side_by_side", "half_equirect", None, HALF)


def test_older_xml_without_a_crop_is_a_whole_sphere(video):
    inject(video, xml({"ProjectionType": "equirectangular", "StereoMode": "top-bottom"}), WAY[:2])
    assert declared(video).whole_sphere
    assert declared(video).fov_bounds((100, 100)) is None


def test_xml_at_the_far_end_of_a_long_file(video):
    inject(video, xml({"StereoMode": "left-right"}), WAY[:2])
    free = 3 << 20
    video.write_bytes((free).to_bytes(4, "big") + b"free" + bytes(free - 8) + video.read_bytes())
    assert spherical_data(video).xml == {"StereoMode": "left-right"}


def test_the_right_eye_first():
    data = SphericalData(1, True, 3, (0.0, 0.0, 0.0, 0.0), {})
    assert meaning(data) == Declared("side_by_side", "half_equirect", True, HALF)


def test_bounds_of_an_eye_are_those_of_its_outermost_pixels():
    assert Declared(edges_deg=HALF).fov_bounds((180, 90)) == (-89.5, 89.5, -89.0, 89.0)
    assert Declared().fov_bounds((180, 90)) is None
