"""Tracks of SIFT features between frames that lie apart: they join what the frame-to-frame tracker loses."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pycolmap
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from factory.tracks import Tracks, tracks_from


@dataclass(frozen=True)
class SiftTracks:
    """How SIFT tracks are made.

    provenance: features and ratio as measured on five rendered clips (halves the error on an orbit, a quarter
    off on driving); area: the cost of SIFT is that of its doubled picture; 0.1 megapixel (0.035 s a frame) leaves
    six real clips as right as 0.2 (0.06 s).
    """

    features: int = 600
    many_features: int = 2000  # where few tracks are background; 600 gain nothing there, 1200 half as much
    contrast: float = 0.008  # COLMAP's 0.0067 nearly; 0.02 costs as much and is a quarter to a half worse in the dark
    ratio: float = 0.8
    max_error_px: float = 1.5
    area_px: int = 100_000
    strides: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    sparse_strides: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 16, 24)


@dataclass(frozen=True)
class Features:
    """Of one frame: xy float64 (n, 2) pixels, descriptors float32 (n, 128), RootSIFT of unit length."""

    xy: np.ndarray
    descriptors: np.ndarray


def sift_tracks(
    tracks: Tracks, background: np.ndarray, grey_frames: Sequence[np.ndarray], sparse: bool, how: SiftTracks
) -> tuple[Tracks, np.ndarray]:
    """Tracks over at least three of the frames matched: every second frame, or every one where frames are `sparse`.

    Also whether each is background, bool: most of its features lie nearest to tracks that are, bool (M,).
    """
    frames = range(0, tracks.frames, 1 if sparse else 2)
    detector = cv2.SIFT.create(nfeatures=how.features, contrastThreshold=how.contrast, enable_precise_upscale=True)
    features = [detect(detector, grey_frames[f], how.area_px) for f in frames]
    strides = how.sparse_strides if sparse else how.strides
    first, second = [], []
    begin = np.concatenate([[0], np.cumsum([len(f.xy) for f in features])])
    for stride in strides:
        for i in range(len(features) - stride):
            a, b = match(features[i], features[i + stride], how)
            first.append(begin[i] + a)
            second.append(begin[i + stride] + b)
    found = _joined(
        np.concatenate([f.xy for f in features]).reshape(-1, 2),
        np.repeat(np.array(frames), np.diff(begin)),
        np.concatenate([np.zeros(0, np.int64), *first]),
        np.concatenate([np.zeros(0, np.int64), *second]),
        tracks,
    )
    return found, _is_static(found, tracks, background)


def detect(detector: cv2.SIFT, grey: np.ndarray, area_px: int) -> Features:
    """SIFT (Lowe, IJCV 2004) with the square-root metric (Arandjelovic and Zisserman, CVPR 2012)."""
    scale = min(1.0, float(np.sqrt(area_px / grey.size)))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1.0 else grey
    keypoints, descriptors = detector.detectAndCompute(small, None)
    if descriptors is None:
        return Features(np.zeros((0, 2)), np.zeros((0, 128), np.float32))
    xy = np.array([k.pt for k in keypoints], np.float64)
    # Resizing keeps the corners of pixels, not their centres, in place.
    size = np.array([grey.shape[1] / small.shape[1], grey.shape[0] / small.shape[0]])
    root = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-12))
    # One place may carry several orientations: as one track needs one feature a frame, the first (strongest) stays.
    _, unique = np.unique(np.round(xy, 2), axis=0, return_index=True)
    return Features(((xy + 0.5) * size - 0.5)[unique], root[unique].astype(np.float32))


def match(a: Features, b: Features, how: SiftTracks) -> tuple[np.ndarray, np.ndarray]:
    """Indices into a and b of mutual best matches that pass the ratio test and lie on one epipolar geometry."""
    nothing = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if min(len(a.xy), len(b.xy)) < 20:
        return nothing
    similarity = a.descriptors @ b.descriptors.T
    best_b = similarity.argmax(axis=1)
    best_a = similarity.argmax(axis=0)
    rows = np.arange(len(best_b))
    best = similarity[rows, best_b]
    similarity[rows, best_b] = -1.0
    distance, next_distance = 1.0 - best, 1.0 - similarity.max(axis=1)
    mutual = (best_a[best_b] == rows) & (distance < how.ratio**2 * next_distance)
    i = np.flatnonzero(mutual)
    if len(i) < 20:
        return nothing
    options = pycolmap.RANSACOptions(max_error=how.max_error_px, min_num_trials=50, max_num_trials=500, random_seed=0)
    answer = pycolmap.estimate_fundamental_matrix(a.xy[i], b.xy[best_b[i]], options)
    if answer is None or answer["num_inliers"] < 15:
        return nothing
    i = i[np.asarray(answer["inlier_mask"], dtype=bool)]
    return i, best_b[i]


def _is_static(found: Tracks, tracks: Tracks, background: np.ndarray) -> np.ndarray:
    if background.all():
        return np.ones(found.count, bool)
    votes = np.zeros(len(found.track))
    for f in np.unique(found.frame):
        rows = np.flatnonzero(found.frame == f)
        ids, xy = tracks.at(f)
        if len(ids) == 0:
            votes[rows] = 1.0
            continue
        distance, nearest = cKDTree(xy).query(found.xy[rows])
        # Nothing is known of a place further than this from every track; 40 px is a guess between their spacings.
        votes[rows] = background[ids[nearest]] | (distance > 40.0)
    return np.bincount(found.track, votes, found.count) > 0.5 * found.lengths()


def _joined(xy: np.ndarray, frame: np.ndarray, first: np.ndarray, second: np.ndarray, tracks: Tracks) -> Tracks:
    """Connected features become tracks; a frame in which one has two features contradicts itself and is left out."""
    graph = coo_matrix((np.ones(len(first)), (first, second)), shape=(len(xy), len(xy)))
    _, label = connected_components(graph, directed=False)
    place = label.astype(np.int64) * (tracks.frames + 1) + frame
    _, inverse, count = np.unique(place, return_inverse=True, return_counts=True)
    single = count[inverse.reshape(-1)] == 1
    size = (tracks.width, tracks.height)
    return tracks_from(label[single], frame[single], xy[single], tracks.times_s, tracks.frame_index, size, 3)


def together(a: Tracks, b: Tracks) -> Tracks:
    """Both sets of tracks of one clip in one: those of `a` first."""
    return Tracks(
        np.concatenate([a.track, b.track + a.count]).astype(np.int32),
        np.concatenate([a.frame, b.frame]),
        np.concatenate([a.xy, b.xy]),
        a.times_s,
        a.frame_index,
        a.width,
        a.height,
        _velocities(a, b),
    )


def _velocities(a: Tracks, b: Tracks) -> np.ndarray | None:
    if a.velocity_px_s is None and b.velocity_px_s is None:
        return None
    known = [np.full_like(t.xy, np.nan) if t.velocity_px_s is None else t.velocity_px_s for t in (a, b)]
    return np.concatenate(known)
