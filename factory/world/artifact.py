"""The file `world_tracks.npz`: what `WorldTracks` holds, under its names.

world_tracks.npz: `np.load` reads it without pickle. N sightings of M tracks in F frames. Of imported tracks what is
not known is NaN, a frame's number -1, a size 0, a model the empty text; points and times are always there.
    track            int32 (N,)        0..M-1, sorted by track, then frame
    frame            int32 (N,)        0..F-1
    xy               float32 (N, 2)    where in the rectified left picture, pixel centres at integers
    range_m          float32 (N,)      distance along the ray, as measured
    sigma_m          float32 (N,)      its standard deviation
    measured         float32 (N, 3)    where that is in the world
    points           float32 (N, 3)    where the optimisation puts it
    label            int8 (M,)         0 static, 1 moving, 2 unknown
    motion_px        float32 (M,)      scene motion over 16 frames, 90th percentile, pixels of 443 a radian
    chi2             float32 (M,)      squared distance from one point in standard deviations, 90th percentile
    speed_m_s        float32 (M,)      of even motion; inf where it is seen at one time only
    speed_sigma_m_s  float32 (M,)      its standard deviation
    world_from_cam   float64 (F, 4, 4) of the rectified left eye, OpenCV axes; NaN without a pose
    times_s          float64 (F,)      seconds in the source
    frame_index      int64 (F,)        number in the source
    size             int64 (2,)        width and height of the rectified left picture
    model            str               its lens: pinhole, transverse, fisheye, equirect180; see `factory.geometry.lens`
    lens             float64 (6,)      focal_px, cx, cy, k1, k2, squeeze
"""

from dataclasses import fields

import numpy as np

from factory.artifacts import broken, pack_arrays, read_arrays
from factory.geometry.lens import Lens
from factory.world.tracks import NAMES, OF_SIGHTINGS, OF_TRACKS, UNKNOWN, WorldTracks

FILE = "world_tracks.npz"
ARRAYS = NAMES[: NAMES.index("lens")]
TERMS = tuple(field.name for field in fields(Lens))[1:]
MODELS = ("pinhole", "fisheye", "equirect180", "transverse")
FINITE = ("points", "times_s")


def pack_world_tracks(tracks: WorldTracks) -> bytes:
    """The file's content."""
    arrays = {name: getattr(tracks, name) for name in ARRAYS}
    lens = np.array([np.nan if tracks.lens is None else getattr(tracks.lens, name) for name in TERMS])
    model = np.array("" if tracks.lens is None else tracks.lens.model)
    size = np.array([tracks.width, tracks.height])
    return pack_arrays(**arrays, size=size, model=model, lens=lens)


def read_world_tracks(content: bytes) -> WorldTracks:
    """Raises StorageError when the content is broken: of another type or shape, or its numbers lead nowhere."""
    found = read_arrays(content, *ARRAYS, "size", "model", "lens")
    count, seen, frames = found["label"].size, found["track"].size, found["times_s"].size
    shapes: dict[str, tuple[int, ...]] = {}
    shapes |= dict.fromkeys(OF_SIGHTINGS, (seen,)) | dict.fromkeys(OF_TRACKS, (count,))
    shapes |= {"xy": (seen, 2), "measured": (seen, 3), "points": (seen, 3), "world_from_cam": (frames, 4, 4)}
    shapes |= {"times_s": (frames,), "frame_index": (frames,), "size": (2,), "model": (), "lens": (len(TERMS),)}
    whole = {"track": "i", "frame": "i", "label": "i", "frame_index": "i", "size": "i", "model": "U"}
    for name, shape in shapes.items():
        if found[name].shape != shape or found[name].dtype.kind != whole.get(name, "f"):
            raise broken(f"{name} is {found[name].dtype} {found[name].shape}, not {whole.get(name, 'f')} {shape}")
    track, frame = found["track"], found["frame"]
    steps = np.diff(track)
    ordered = np.all((steps == 1) | ((steps == 0) & (np.diff(frame) > 0)))
    ends = (track[0], track[-1]) == (0, count - 1) if seen else count == 0
    inside = np.all((frame >= 0) & (frame < frames))
    if not (ordered and ends and inside):
        raise broken("its sightings are not numbered and sorted by track and frame")
    if not all(np.isfinite(found[name]).all() for name in FINITE):
        raise broken("its numbers are not finite")
    width, height = map(int, found.pop("size"))
    model, terms = str(found.pop("model")), found.pop("lens")
    told = model in MODELS and np.isfinite(terms).all() and min(width, height) > 0
    untold = model == "" and np.isnan(terms).all() and width == height == 0
    if not (told or untold) or not np.isin(found["label"], range(UNKNOWN + 1)).all():
        raise broken(f"it knows a lens {model[:20]} of {width}x{height} pixels, or labels, that there are not")
    lens = Lens(model, **dict(zip(TERMS, terms.tolist(), strict=True))) if told else None  # type: ignore[arg-type]
    return WorldTracks(**found, lens=lens, width=width, height=height)
