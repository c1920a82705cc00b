"""Solves with labels falsified on purpose, and what the accept rule makes of them: no wrong solve may be accepted.

    python -m tests.bench.doubt VIDEO TUM [VIDEO TUM ...]

TUM: true camera-to-world poses, one row a frame of the video. Labels: as chosen, everything, what moves, and mixtures.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from factory.clip import Clip, ClipRecord
from factory.geometry.trajectory import pose_errors
from factory.sfm.confidence import assess
from factory.sfm.solve import solve_clip
from factory.sfm.stages import FindBackground, JudgeCamera, TrackPoints
from factory.video import probe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs="+")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for video, tum in zip(options.paths[::2], options.paths[1::2], strict=True):
        rows = np.loadtxt(tum, ndmin=2)
        truth = np.tile(np.eye(4), (len(rows), 1, 1))
        truth[:, :3, 3], truth[:, :3, :3] = rows[:, 1:4], Rotation.from_quat(rows[:, 4:8]).as_matrix()
        info = probe(video)
        clip = Clip("", str(video), 0.0, info.duration_s + 1, info.width, info.height, info.fps, 0, 0)
        record = ClipRecord(clip, {"path": video})
        for stage in (TrackPoints(), FindBackground(), JudgeCamera()):
            record = stage(record)
        tracks, background = record["tracks"], record["background"]
        chance = np.random.default_rng(0)
        labels = {
            "chosen": background.is_background,
            "everything": np.ones(tracks.count, bool),
            "what moves": background.is_dynamic,
            "moves + 20 %": background.is_dynamic | (chance.random(tracks.count) < 0.2),
            "moves + 50 %": background.is_dynamic | (chance.random(tracks.count) < 0.5),
        }
        for name, label in labels.items():
            solved = solve_clip(tracks, label, record["grey_frames"])
            verdict, placed = assess(solved), solved.registered
            ate = pose_errors(solved.world_from_cam[placed], truth[tracks.frame_index[placed]]).ate_percent
            error = "no path in truth" if ate is None else f"ATE {ate:.3f} %"
            print(f"{video.stem:22}{name:14}{'accepted' if verdict.accepted else 'refused':10}{error}")


if __name__ == "__main__":
    main()
