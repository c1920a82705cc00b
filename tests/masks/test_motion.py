"""Dense masks against the known outline of a textured patch that moves over a moving background."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from factory.background.choose import Background, labelled
from factory.clip import ClipRecord
from factory.masks.motion import DynamicMasks, MaskDynamics
from factory.masks.pair_evidence import BackgroundMotion
from factory.models.dis import DisFlow
from factory.models.lk import LucasKanade
from factory.phases.pose_stages import DecodeFrames, FindBackground, JudgeCamera, MaskMotion, SolveCamera, TrackPoints
from factory.tracks import Tracks
from tests.models.test_lk import texture
from tests.passing import at_rate
from tests.videos import whole

HEIGHT, WIDTH, COUNT = 180, 320, 8


def clip(velocity: tuple[float, float], tint: bool = True) -> tuple[list[np.ndarray], np.ndarray]:
    """RGB frames of a pan over a wall with an ellipse that moves by `velocity` against it, and its true masks."""
    wall, patch = texture(0), texture(5)
    frames, masks = [], []
    for i in range(COUNT):
        pan = np.array([[1.0, 0.0, 1.5 * i - 700], [0.0, 1.0, -100.0]])
        grey = cv2.warpAffine(wall, pan, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
        middle = np.array([110.0 + (1.5 + velocity[0]) * i, 90.0 + velocity[1] * i])
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.ellipse(mask, tuple(middle.round().astype(int).tolist()), (45, 32), 0, 0, 360, 1, -1)
        shift = np.array([[1.0, 0.0, middle[0] - 800], [0.0, 1.0, middle[1] - 200]])
        body = cv2.warpAffine(patch, shift, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
        frame = np.dstack([grey, grey, grey])
        colours = np.array([1.0, 0.75, 0.5]) if tint else np.ones(3)
        frames.append(np.where(mask[..., None] > 0, (body[..., None] * colours).astype(np.uint8), frame))
        masks.append(mask > 0)
    return frames, np.array(masks)


def labels(tracks: Tracks, masks: np.ndarray) -> Background:
    """True labels: a track is dynamic when most of its observations are on the body."""
    x, y = tracks.xy.round().astype(int).T
    on_body = np.bincount(tracks.track, masks[tracks.frame, y, x], tracks.count) / tracks.lengths()
    return labelled(1.0 - on_body, 0.5, "true", {})


def masked(frames: list[np.ndarray], masks: np.ndarray, **changes: float) -> DynamicMasks:
    grey = [cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in frames]
    tracks = LucasKanade().track(at_rate(grey))
    return MaskDynamics(**changes)(frames, tracks, labels(tracks, masks))  # type: ignore[arg-type]


def jaccard(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.mean([(a & b).sum() / max(1, (a | b).sum()) for a, b in zip(found, true, strict=True)]))


@pytest.mark.parametrize("velocity", [(5.0, 1.0), (1.5, 0.0), (-14.0, 3.0)])
def test_a_moving_patch_is_cut_out(velocity):
    frames, true = clip(velocity)
    found = masked(frames, true)
    assert found.masks.shape == (COUNT, HEIGHT, WIDTH)
    assert found.masks.dtype == bool
    assert jaccard(found.masks, true) > 0.8
    np.testing.assert_allclose(found.share, found.masks.mean(axis=(1, 2)))


def test_a_patch_that_goes_with_the_wall_is_not():
    frames, true = clip((0.0, 0.0))
    none = np.zeros_like(true)
    assert masked(frames, none).share.max() < 0.01


def test_grey_frames_do():
    frames, true = clip((5.0, 1.0), tint=False)
    found = masked(frames, true)
    assert jaccard(found.masks, true) > 0.7


def test_tracks_alone_find_the_patch():
    frames, true = clip((5.0, 1.0))
    assert jaccard(masked(frames, true, most_flow=0.0, rest_weight=0.0).masks, true) > 0.7


def test_masks_are_the_same_every_time():
    frames, true = clip((5.0, 1.0))
    np.testing.assert_array_equal(masked(frames, true).masks, masked(frames, true).masks)


def test_without_background_tracks_nothing_is_said():
    assert BackgroundMotion().homography(np.zeros((5, 2)), np.zeros((5, 2))) is None


def test_evidence_leads_to_where_pixels_went():
    frames, true = clip((5.0, 0.0))
    one, two = (cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in frames[:2])
    rng = np.random.default_rng(0)
    xy = rng.uniform(5, [WIDTH - 5, HEIGHT - 5], (200, 2))
    xy = xy[~true[0][tuple(xy.round().astype(int).T[::-1])]]
    motion, there = BackgroundMotion(), xy + np.array([1.5, 0.0])
    warp = motion.homography(xy, there)
    assert warp is not None
    (flow,) = DisFlow("fast").pairs(np.stack(frames[:2]), np.array([[0, 1]]), warp[None])
    evidence = motion.compare(one, two, xy, there, warp, flow)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    went = evidence.goes - np.dstack([x, y])
    np.testing.assert_allclose(np.median(went[true[0]], axis=0), [6.5, 0.0], atol=1.0)
    inner = np.zeros_like(true[0])
    inner[10:-10, 10:-10] = ~cv2.dilate(true[0].astype(np.uint8), np.ones((25, 25), np.uint8))[10:-10, 10:-10].astype(
        bool
    )
    np.testing.assert_allclose(np.median(went[inner], axis=0), [1.5, 0.0], atol=0.1)
    assert np.mean(evidence.moves[true[0]] > 0.5) > 0.5
    assert np.mean(evidence.moves[inner] > 0.0) < 0.02
    assert np.mean(evidence.rests[inner] > 0.2) > 0.9
    assert np.mean(evidence.rests[true[0]] > 0.2) < 0.1


@pytest.mark.media
def test_a_scooter_in_traffic(media):
    record = solved(media / "masks_gt" / "scooter-black" / "scooter-black.mp4")
    found = MaskMotion()(record)["dynamic_masks"].masks
    size = found.shape[:0:-1]
    files = [record["path"].parent / "masks" / f"{i:05d}.png" for i in record["tracks"].frame_index]
    true = np.array([cv2.resize(cv2.imread(str(f), cv2.IMREAD_GRAYSCALE), size) > 127 for f in files])
    assert jaccard(found, true) > 0.65


@pytest.mark.media
def test_where_nothing_moves_the_masks_are_empty(media):
    record = solved(media / "clips" / "apple_static_scene.mp4", 1.5)
    assert MaskMotion()(record)["dynamic_masks"].share.mean() < 0.01


def solved(path: Path, end_s: float = 10.0) -> ClipRecord:
    """The record of a video, up to a time, after the stages before its masks."""
    record = ClipRecord(whole(path, end_s), {"path": path})
    for stage in (DecodeFrames(), TrackPoints(), FindBackground(), JudgeCamera(), SolveCamera()):
        record = stage(record)
    return record
