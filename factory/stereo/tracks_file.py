"""The file `stereo_tracks.npz`: points followed in the left eye and where the right eye saw them.

stereo_tracks.npz: `np.load` reads it without pickle. N sightings of M tracks in F frames.
    track        int32 (N,)       0..M-1, sorted by track, then frame
    frame        int32 (N,)       0..F-1
    xy           float32 (N, 2)   pixels of the left working picture, pixel centres at integers
    right_xy     float32 (N, 2)   pixels of the right one; NaN where it was not found
    explained    bool (N,)        whether the path explains the sighting in both eyes
    points       float32 (M, 3)   world, metres; NaN where a track is none of the static world
    size         int64 (2,)       width and height of the working pictures
    model        str              their lens, see `factory.geometry.lens`: a fisheye of VR180, else a pinhole
    lens         float64 (6,)     its focal_px, cx, cy, k1, k2, squeeze
    times_s      float64 (F,)     seconds in the source
    frame_index  int64 (F,)       number in the source
"""

from dataclasses import astuple

import numpy as np

from factory.artifacts import pack_arrays
from factory.geometry.lens import Lens
from factory.stereo.pair import StereoPath, StereoTracks


def pack_stereo_tracks(stereo: StereoTracks, path: StereoPath, lens: Lens) -> bytes:
    """The file's content."""
    tracks, (model, *terms) = stereo.tracks, astuple(lens)
    return pack_arrays(
        track=tracks.track,
        frame=tracks.frame,
        xy=tracks.xy.astype(np.float32),
        right_xy=stereo.right_xy.astype(np.float32),
        explained=path.explained,
        points=path.points.astype(np.float32),
        size=np.array([tracks.width, tracks.height]),
        model=np.array(model),
        lens=np.array(terms),
        times_s=tracks.times_s,
        frame_index=tracks.frame_index,
    )
