"""Pixels that mean the same for every clip."""

from factory.tracks import Tracks


def to_720p(tracks: Tracks) -> float:
    """What pixels of the tracks are multiplied by to be those of a picture whose shorter side has 720."""
    return 720.0 / min(tracks.width, tracks.height)
