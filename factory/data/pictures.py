"""Some frames of a clip, decoded with as little work as the file's key frames allow."""

from pathlib import Path

import numpy as np

from factory.clip import Clip
from factory.errors import VideoError
from factory.video import SAME_TIME_S, decode_span, exact_image


def pictures(
    path: Path, clip: Clip, frame_index: np.ndarray, times_s: np.ndarray, max_side_px: int | None = None
) -> np.ndarray:
    """uint8 (n, H, W, 3) RGB, n >= 1, of the clip's frames with these numbers and times in the source, int64 (n,),
    float64 (n,); black bars cropped, the longer side `max_side_px` at most.

    Raises VideoError where one of them cannot be decoded.
    """
    wanted = dict(zip(frame_index.tolist(), times_s.tolist(), strict=True))
    found: dict[int, np.ndarray] = {}
    # Times that are no time stamps lead nowhere: then from the clip's own beginning.
    first = min(wanted)
    for since in ((first, wanted[first]), None):
        try:
            for shown in decode_span(path, clip, since=since):
                number = clip.first_frame + shown.index
                if abs(shown.time_s - wanted.get(number, shown.time_s)) > SAME_TIME_S:
                    break
                if number in wanted:
                    found[number] = exact_image(shown, clip, max_side_px, grey=False)
                if len(found) == len(wanted):
                    return np.stack([found[number] for number in frame_index.tolist()])
        except VideoError:
            if since is None:
                raise
        found.clear()
    raise VideoError(f"frame {first} of {clip.source} is not where ingest saw it: ingest it again.")
