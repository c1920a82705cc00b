from dataclasses import replace

import numpy as np
import pytest

from factory.clip import Clip, ClipRecord
from factory.depth.cvd import ConsistentDepth
from factory.depth.file import read_mono_depth
from factory.errors import ConfigError, VideoError
from factory.frames import Frames, Passing
from factory.masks.motion import DynamicMasks
from factory.models.roles import DepthMaps
from factory.phases.depth_stages import KeepDepth, SweepDepth, posed_frames
from factory.stage import Rejected, check_chain
from factory.storage.output import Storage
from tests.depth.walks import FOCAL_PX, SIZE, walk

NUMBERS = [3, 5, 7, 9, 11, 13]
SCALE = 4  # of the clip's picture against the small one


def record(**other) -> ClipRecord:
    """As the pose phase leaves it, of frames a quarter as large as its own."""
    posed = walk().posed
    passing = [
        Passing(number, number / 24, frame[..., 0], colour=frame)
        for number, frame in zip(NUMBERS, posed.frames, strict=True)
    ]
    row = {
        **dict.fromkeys(("focal_per_frame_px", "cx_per_frame_px", "cy_per_frame_px")),
        "width": SIZE[0] * SCALE,
        "focal_px": FOCAL_PX * SCALE,
        "cx_px": (SIZE[0] * SCALE - 1) / 2,
        "cy_px": (SIZE[1] * SCALE - 1) / 2,
        "k1": 0.0,
        "k2": 0.0,
        "focal_reliable": False,
        "world_from_cam": [pose.ravel().tolist() for pose in posed.world_from_cam],
        "frame_index": NUMBERS,
    }
    masks = DynamicMasks(posed.moving, posed.moving.mean(axis=(1, 2)), np.array(NUMBERS))
    given = {"frames": Frames(passing), "points": posed.points, "dynamic_masks": masks, **row}
    clip = Clip("x", "x.mp4", 0.0, 1.0, SIZE[0] * SCALE, SIZE[1] * SCALE, 24.0, 0, 24)
    return ClipRecord(clip, {**given, **other})


class Flat:
    """A network that is asked and answers metres."""

    def depth(self, frames: np.ndarray, focal_px: np.ndarray | None = None) -> DepthMaps:
        assert frames.shape == (6, SIZE[1], SIZE[0], 3)
        self.focal_px = focal_px
        return DepthMaps(walk().depth.astype(np.float16), "metric")


def test_from_the_pose_phase_s_row_to_a_file(tmp_path):
    check_chain((("depth", SweepDepth()), ("keep", KeepDepth())), (*record().values, "storage", "artifact_folder"))
    storage = Storage.at(tmp_path)
    found = SweepDepth()(record(storage=storage, artifact_folder="artifacts/x"))
    kept = KeepDepth()(found)["artifacts"]["mono_depth"]
    read = read_mono_depth(storage.read(storage.artifact(kept)))
    assert read.frame.tolist() == NUMBERS
    assert read.focal_reliable is False
    assert np.median(np.abs(read.depth[read.sure] / walk().depth[read.sure] - 1)) < 0.01


def test_what_is_told_for_the_clip_s_picture_holds_for_the_small_one():
    posed = posed_frames(
        record(focal_per_frame_px=[4.0, 8.0, 12.0, 16.0, 20.0, 24.0], cx_per_frame_px=[None, *[257.5] * 5])
    )
    assert [camera.focal_px for camera in posed.cameras] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert [camera.cx for camera in posed.cameras] == [63.5, *[64.0] * 5]
    assert posed.cameras[0].cy == 47.5
    holed = [None, *record()["world_from_cam"][1:]]
    assert posed_frames(record(world_from_cam=holed)).registered.tolist() == [False, *[True] * 5]


def test_a_network_is_asked_with_the_focal_length():
    network = Flat()
    found = replace(SweepDepth(), prior=network)(record())
    assert np.allclose(network.focal_px, FOCAL_PX)
    assert np.isfinite(found["mono_depth"].depth).all()
    assert found["metres"].scale_m == pytest.approx(1.0, rel=0.01)  # the walk is in metres
    assert SweepDepth()(record())["metres"] is None


def test_consistent_depth_wants_a_network_from_the_start():
    with pytest.raises(ConfigError, match="depth=cvd"):
        SweepDepth(ConsistentDepth())
    assert SweepDepth(ConsistentDepth(), Flat()).prior is not None


def test_a_camera_that_stands_is_rejected():
    standing = [np.eye(4).ravel().tolist()] * 6
    for other in ({"world_from_cam": standing}, {"points": None}):
        found = SweepDepth()(record(**other))
        assert isinstance(found, Rejected)
        assert found.reasons[0].startswith("mono_depth:")


def test_other_frames_than_those_with_poses_are_refused():
    with pytest.raises(VideoError, match="sampled frames"):
        SweepDepth()(record(frame_index=[0, *NUMBERS[1:]]))
    other = replace(record()["dynamic_masks"], frame_index=np.arange(6))
    with pytest.raises(VideoError, match="masks"):
        SweepDepth()(record(dynamic_masks=other))
