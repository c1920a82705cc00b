"""A clip as a run seldom leaves it: the lens zooms and distorts, a stabiliser moves the picture, black bars lie around
it, one frame has no pose. Written without running anything; its video is not there."""

import numpy as np
from scipy.spatial.transform import Rotation

from factory.data import Output
from factory.manifest.phases import coming_from
from factory.manifest.schema import COMMON, INGEST, POSE, schema
from factory.manifest.write import parquet_of_rows
from factory.storage.output import Storage

FRAMES, LOST = 6, 2
SIZE, CROP, FULL = (200, 100), (12, 30), (224, 160)


def unusual(place, **changes):
    """An output of it; changes: of the row of the pose phase."""
    rng = np.random.default_rng(0)
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    poses[:, :3, :3] = Rotation.random(FRAMES, rng=rng).as_matrix()
    poses[:, :3, 3] = rng.normal(size=(FRAMES, 3))
    placed = [i != LOST for i in range(FRAMES)]
    common = {"clip_id": "ab" * 10, "source": "/far/away.mp4", "source_start_s": 1.0, "source_end_s": 1.6}
    common |= {"status": "ok", "reasons": [], "fingerprint": "f", "attempt": 1}
    ingest = {"width": SIZE[0], "height": SIZE[1], "crop_x": CROP[0], "crop_y": CROP[1]}
    ingest |= {"source_width": FULL[0], "source_height": FULL[1], "first_frame": 10, "frame_count": 6, "fps": 10.0}
    pose = {
        "timestamps": (1 + np.arange(FRAMES) / 10).tolist(),
        "frame_index": list(range(10, 10 + FRAMES)),
        "fps": 10.0,
        "width": SIZE[0],
        "height": SIZE[1],
        "registered": placed,
        "world_from_cam": [pose.ravel().tolist() if there else None for pose, there in zip(poses, placed, strict=True)],
        "camera_model": "RADIAL",
        "focal_px": 205.0,
        "focal_per_frame_px": [200.0 + 2 * i for i in range(FRAMES)],
        "cx_px": 99.5,
        "cy_px": 49.5,
        "cx_per_frame_px": [99.5 + i if i != LOST else None for i in range(FRAMES)],
        "cy_per_frame_px": [49.5 - i if i != LOST else None for i in range(FRAMES)],
        "k1": -0.1,
        "k2": 0.02,
        **changes,
    }
    storage = Storage.at(place)
    storage.write(storage.part("ingest", "1"), parquet_of_rows([{**common, **ingest}], schema(*COMMON, *INGEST)))
    columns = coming_from(schema(*COMMON, *POSE), "ingest")
    storage.write(storage.part("pose", "1"), parquet_of_rows([{**common, **pose}], columns))
    return Output.at(place)
