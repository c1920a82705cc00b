"""A part of a solution for quick tests of what else could explain it."""

from dataclasses import replace

import numpy as np

from factory.sfm.model.model import Model
from factory.tracks import Tracks


def random_part(tracks: Tracks, model: Model, per_frame: int) -> tuple[Tracks, Model]:
    """A random part of the tracks with five kept observations and more: about `per_frame` kept a frame. Without any
    such track nothing is left."""
    length = np.bincount(tracks.track[model.kept], minlength=tracks.count)
    order = np.random.default_rng(0).permutation(tracks.count)
    order = order[length[order] >= 5]
    chosen = np.zeros(tracks.count, bool)
    chosen[order[: np.searchsorted(np.cumsum(length[order]), per_frame * tracks.frames) + 1]] = True
    return tracks.select(chosen), replace(model, points=model.points[chosen], kept=model.kept[chosen[tracks.track]])
