"""What a file's own words about its eyes mean."""

from dataclasses import dataclass
from pathlib import Path

from factory.geometry.fov_bounds import FovBounds
from factory.stereo.layout import Arrangement, Projection
from factory.video.spherical import SphericalData, spherical_data

STEREO: dict[int | str | None, Arrangement] = {
    1: "side_by_side",
    2: "top_bottom",
    "left-right": "side_by_side",
    "top-bottom": "top_bottom",
}
WHOLE_SPHERE, PART_OF_SPHERE, HALF_SPHERE, RECTILINEAR, FISHEYE = 0, 2, 3, 4, 5  # FFmpeg's numbers


@dataclass(frozen=True)
class Declared:
    """What a file declares; None where it says nothing. swapped: the right eye comes first. edges_deg: yaw0, yaw1,
    tilt0, tilt1 of the outer edges of an equirectangular eye; a whole sphere has -180, 180, -90, 90."""

    arrangement: Arrangement | None = None
    projection: Projection | None = None
    swapped: bool | None = None
    edges_deg: FovBounds | None = None

    @property
    def whole_sphere(self) -> bool:
        """Whether each eye sees more than half a sphere, which no two eyes do from two places."""
        return self.edges_deg is not None and self.edges_deg[1] - self.edges_deg[0] > 180.5

    def fov_bounds(self, size: tuple[int, int]) -> FovBounds | None:
        """As `Layout` has them, of an eye of `size` (width, height): of the centres of outermost pixels."""
        if self.edges_deg is None or self.whole_sphere:
            return None
        yaw0, yaw1, tilt0, tilt1 = self.edges_deg
        across, down = (yaw1 - yaw0) / size[0] / 2, (tilt1 - tilt0) / size[1] / 2
        return yaw0 + across, yaw1 - across, tilt0 + down, tilt1 - down


def declared(path: Path) -> Declared:
    """Of a video file: from its boxes st3d and sv3d, else from Google's older XML. Raises VideoError."""
    return meaning(spherical_data(path))


def meaning(data: SphericalData) -> Declared:
    """Of the words of a file."""
    arrangement = STEREO.get(data.stereo) or STEREO.get(data.xml.get("StereoMode"))
    swapped = data.inverted if data.stereo in STEREO else None
    if data.projection in (RECTILINEAR, FISHEYE):
        return Declared(arrangement, "fisheye" if data.projection == FISHEYE else "rectified", swapped)
    if data.projection == HALF_SPHERE:
        return Declared(arrangement, "half_equirect", swapped, (-90.0, 90.0, -90.0, 90.0))
    missing = data.bounds if data.projection in (WHOLE_SPHERE, PART_OF_SPHERE) else _cropped(data.xml)
    if missing is None:
        return Declared(arrangement, None, swapped)
    left, top, right, below = missing
    edges_deg = (-180 + 360 * left, 180 - 360 * right, -90 + 180 * top, 90 - 180 * below)
    return Declared(arrangement, "half_equirect", swapped, edges_deg)


def _cropped(xml: dict[str, str]) -> tuple[float, float, float, float] | None:
    """Shares of the sphere that are missing left, top, right and below, of the XML; None where it tells no sphere."""
    if xml.get("ProjectionType") != "equirectangular":
        return None
    names = ("FullPanoWidthPixels", "FullPanoHeightPixels", "CroppedAreaLeftPixels", "CroppedAreaTopPixels")
    try:
        width, height, left, top = (int(xml[name]) for name in names)
        across, down = (int(xml[f"CroppedAreaImage{name}Pixels"]) for name in ("Width", "Height"))
    except (KeyError, ValueError):
        return 0.0, 0.0, 0.0, 0.0  # without a crop the whole sphere is meant
    if width <= 0 or height <= 0:
        return 0.0, 0.0, 0.0, 0.0
    return left / width, top / height, (width - left - across) / width, (height - top - down) / height
