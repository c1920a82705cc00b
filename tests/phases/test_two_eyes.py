"""The pose phase and pictures of two eyes."""

import numpy as np
import pytest

from factory.clip import Clip, ClipRecord
from factory.commands.compose import configured
from factory.geometry.lens import pinhole
from factory.phases.build import build
from factory.phases.two_eyes import RefuseTwoEyes
from factory.reasons import rejected_because
from factory.stage import Rejected
from factory.storage.sources import SCHEMA
from tests.conftest import shifted
from tests.passing import at_rate
from tests.stereo.boxes import inject, st3d
from tests.stereo.rooms import pair, rig
from tests.videos import write

SIZE = (320, 180)


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "video.mp4"
    write(path, shifted(0, 3), fps=24)
    return path


@pytest.fixture(scope="module")
def eyes():
    return pair(pinhole(230, SIZE), SIZE, rig())[:2]


def asked(video, picture, **fields):
    clip = Clip("clip", str(video), 0.0, 0.1, 320, 180, 24.0, 0, 3)
    return RefuseTwoEyes(**fields)(ClipRecord(clip, {"path": video, "frames": at_rate([picture] * 3)}))


@pytest.mark.parametrize("axis, told", [(1, "halves side by side share 0."), (0, "halves top bottom share 0.")])
def test_two_eyes_in_a_picture_are_refused_and_told_where_to_go(video, eyes, axis, told):
    answer = asked(video, np.concatenate(eyes, axis=axis))
    assert isinstance(answer, Rejected)
    (reason,) = answer.reasons
    assert reason.startswith(f"two_eyes: {told}")
    assert "pipeline=stereo4d" in reason
    assert rejected_because(reason).startswith("stereo video")
    assert isinstance(asked(video, np.concatenate(eyes, axis=axis), refuse=False), ClipRecord)


def test_what_a_file_declares_counts_whatever_it_shows(video, eyes):
    assert isinstance(asked(video, eyes[0]), ClipRecord)
    inject(video, st3d(2))
    answer = asked(video, eyes[0])
    assert isinstance(answer, Rejected)
    assert answer.reasons[0].startswith("two_eyes: the file declares two eyes, side by side")


@pytest.mark.parametrize("kind", ["pose", "pose_masked"])
def test_poses_ask_before_they_solve_and_may_be_told_not_to(kind):
    def refuses(*overrides):
        words = ["source=x", "output=y", "pipeline=pose", f"phase@pose={kind}", *overrides]
        if kind == "pose_masked":
            words += ["segmenter=oneformer", "video_masks=sam2"]
        cfg = configured(words)
        stages = build(cfg, SCHEMA.empty_table())[-1].stages
        (eyes,) = [stage for _, stage in stages if isinstance(stage, RefuseTwoEyes)]
        names = [name for name, _ in stages]
        assert names.index("eyes") < names.index("background")
        return eyes.refuse

    assert refuses()
    assert not refuses("pose.stages.eyes.refuse=false")
