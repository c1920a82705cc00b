"""Probing, decoding and encoding: the only room that knows a container format.

container    opening a file, its picture stream, what its packets say      clock    times of decoded frames
complete     whether a file is all there
picture      from the coded picture to the one that is shown               decode   the frames of a source or of a clip
encode       pictures into a video

Times are seconds from the source's first frame that shows, taken from the stream's time stamps.
"""

from factory.video.container import VideoInfo, probe
from factory.video.decode import (
    SAME_TIME_S,
    Damage,
    Frame,
    Shown,
    clip_frames,
    decode,
    decode_span,
    exact_image,
    shown,
    small_image,
)
from factory.video.picture import shrink

__all__ = [
    "SAME_TIME_S",
    "Damage",
    "Frame",
    "Shown",
    "VideoInfo",
    "clip_frames",
    "decode",
    "decode_span",
    "exact_image",
    "probe",
    "shown",
    "shrink",
    "small_image",
]
