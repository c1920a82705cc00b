"""DynPose-100K's layout: a pickle of cameras a clip, and tables that lead from a video to its clips."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from factory.data.result import ClipResult
from factory.export.clips import POSES, intrinsics_vary, posed, posed_clips, whole_frame
from factory.export.names import clip_names
from factory.export.selection import Selection
from factory.geometry.camera import invert_rigid
from factory.pickled import write_pickle
from factory.sfm.model.model import COLMAP_OFFSET_PX
from factory.storage.local import write_atomic
from factory.storage.output import Storage

NEEDS = POSES
METADATA = ("videoID", "url", "timestamp", "caption")  # those of Panda-70M that are known here


def export(storage: Storage, phase: str, dest: Path, selection: Selection) -> Counter[str]:
    """Writes `cameras/<clip_id>.pkl` a clip, `metadata.csv` and `uid_mapping.csv`; returns how many by status.

    A pickle is a dict: `poses` float64 (n, 3, 4) world-to-camera, OpenCV axes, registered frames only; `intrinsics`
    float64 (3, 3), or (n, 3, 3) where the lens zooms or the picture moves, pixels from the corner of the frame as
    players show it, black bars included, as no pictures come with it. Ours besides: `times_s` (n,) and `frame_index`
    (n,) in the source, `size` (2,) width and height. A lens's distortion has no place in it.
    A line of metadata.csv is a source, `timestamp` and `caption` are lists of its clips (captions are empty where no
    phase has made them); the same line of uid_mapping.csv, which has a heading too, names their pickles.
    """
    done: Counter[str] = Counter()
    clips: defaultdict[str, list[tuple[str, float, float, str]]] = defaultdict(list)
    for _, clip in posed_clips(storage, phase, selection):
        write_atomic(dest / "cameras" / f"{clip.clip_id}.pkl", write_pickle(cameras(clip)))
        span = clip.clip
        clips[span.source].append((clip.clip_id, span.start_s, span.end_s, _caption(clip)))
        done[clip.rows[phase]["status"]] += 1
    videos = clip_names([{"clip_id": source, "source": source, "source_start_s": 0.0} for source in clips])
    metadata, mapping = [list(METADATA)], [["uids"]]
    for source, each in clips.items():
        ids, starts, ends, captions = map(list, zip(*each, strict=True))
        spans = [[_clock(a), _clock(b)] for a, b in zip(starts, ends, strict=True)]
        metadata.append([videos[source], source, repr(spans), repr(captions)])
        mapping.append(ids)
    write_atomic(dest / "metadata.csv", _table(metadata))
    write_atomic(dest / "uid_mapping.csv", _table(mapping))
    return done


def cameras(clip: ClipResult) -> dict[str, np.ndarray]:
    """What is pickled of one clip."""
    which, (intrinsics, size) = posed(clip), whole_frame(clip)
    intrinsics[:, :2, 2] += COLMAP_OFFSET_PX
    found = {
        "poses": invert_rigid(clip.world_from_cam[which])[:, :3],
        "intrinsics": intrinsics[which] if intrinsics_vary(clip) else intrinsics[which[0]],
        "times_s": clip.times_s[which],
        "size": np.array(size),
    }
    return found if clip["frame_index"] is None else {**found, "frame_index": clip.frame_index[which]}


def _caption(clip: ClipResult) -> str:
    rows: Sequence[Mapping] = list(clip.rows.values())
    return next((row["caption"] for row in rows if row.get("caption")), "")


def _clock(seconds: float) -> str:
    """As Panda-70M writes times."""
    whole_ms = round(seconds * 1000)
    minutes, rest_ms = divmod(whole_ms, 60_000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest_ms / 1000:06.3f}"


def _table(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
