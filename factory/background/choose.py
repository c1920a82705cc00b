"""Choosing the background among the motions of a clip: the one that holds the border of the picture.

No residual can tell a rigid object from the world: both are explained to a fraction of a pixel. What differs is
where they are seen. The sides and the top of a picture show the world; the bottom may show what the camera rides on.
"""

from dataclasses import dataclass, field

import numpy as np

from factory.background.border import border_score, in_ring
from factory.background.votes import RigidVote, TrackPair
from factory.tracks import Tracks


@dataclass(frozen=True)
class Background:
    """Which of M tracks belong to the static world.

    value: float64 (M,) in [0, 1], how steadily a track follows the chosen motion; NaN where it was seen too briefly to
    say. is_background, is_dynamic: bool (M,); a track without a value is neither. hypothesis: the name of the chosen
    start. scores: border score of each competing motion, by name. reason: why nothing could be chosen (every track then
    counts as background), else None. masked: bool (M,), tracks that a mask known before calls dynamic, which no later
    look at their motion changes; None where there was none.
    """

    value: np.ndarray
    is_background: np.ndarray
    is_dynamic: np.ndarray
    hypothesis: str | None = None
    scores: dict[str, float] = field(default_factory=dict)
    reason: str | None = None
    masked: np.ndarray | None = None

    @property
    def hypotheses(self) -> int:
        """Number of distinct motions found."""
        return len(self.scores)

    @property
    def margin(self) -> float | None:
        """How far the chosen motion's border score is above the next; None without a competitor."""
        ranked = sorted(self.scores.values(), reverse=True)
        return ranked[0] - ranked[1] if len(ranked) > 1 else None


def labelled(value: np.ndarray, least: float, hypothesis: str | None, scores: dict[str, float]) -> Background:
    """The background of track values: those of at least `least`."""
    with np.errstate(invalid="ignore"):
        return Background(value, value >= least, value < least, hypothesis, scores)


def everything(count: int, reason: str) -> Background:
    """The answer where nothing can be told apart: all tracks, and why."""
    return Background(np.ones(count), np.ones(count, bool), np.zeros(count, bool), reason=reason)


@dataclass
class ChooseBackground:
    """Refitted whole-clip votes from several starts; the border decides between what they find.

    Starts: all tracks (the dominant motion), twice the tracks that no motion has explained yet, and the tracks near
    the left, right and top border.
    """

    vote: RigidVote = field(default_factory=RigidVote)
    rounds: int = 3  # 1 leaves 4-6 % dynamic observations, 3 leave 0.1-0.3 %, 6 no fewer (rendered clips)
    complement_rounds: int = 3  # guess; 4 cost a third more
    least_left: float = 0.08  # share of observations a further motion is looked for in
    same: float = 0.8  # overlap (intersection over union) above which two motions are one
    least_length: int = 3  # frames of a track that takes part
    ring_share: float = 0.15  # width of the border that the last start takes its tracks from
    cover_weight: float = 0.5  # score = win + 0.5 cover: right on all 14 rendered and real clips it was set on

    def __call__(self, tracks: Tracks) -> Background:
        """The background of a clip; without enough motion or tracks, everything, with the reason."""
        asked = tracks.lengths() >= self.least_length
        part = tracks.select(asked)
        pairs = self.vote.pairs(part)
        if not pairs:
            return everything(tracks.count, "too little motion, or too few tracks, to tell motions apart")
        motions = self._motions(part, pairs)
        if not motions:
            return everything(tracks.count, "no rigid motion explains enough tracks")
        scores = {name: border_score(part, self._holds(v), self.cover_weight) for name, v in motions.items()}
        best = max(scores, key=lambda name: scores[name])
        value = np.full(tracks.count, np.nan)
        value[asked] = motions[best]
        return labelled(value, self.vote.background_value, best, scores)

    def _motions(self, tracks: Tracks, pairs: list[TrackPair]) -> dict[str, np.ndarray]:
        """Track values of each distinct motion, by the name of its start."""
        near, focal_px = self.vote.neighbourhood(tracks), self.vote.focal_px(tracks)
        lengths = tracks.lengths()
        found: dict[str, np.ndarray] = {}
        left = np.ones(tracks.count, bool)

        def look(name: str, start: np.ndarray, rounds: int) -> None:
            value = self.vote.refit(pairs, near, start, rounds, focal_px)
            holds = self._holds(value)
            left[holds] = False
            if lengths[holds].sum() < self.least_left * lengths.sum():
                return
            if all(_overlap(holds, self._holds(other)) <= self.same for other in found.values()):
                found[name] = value

        look("dominant", left.copy(), self.rounds)
        if "dominant" in found and self._is_unbeatable(tracks, self._holds(found["dominant"])):
            return found
        for name in ("complement 1", "complement 2"):
            if lengths[left].sum() >= self.least_left * lengths.sum():
                look(name, left.copy(), self.complement_rounds)
        if len(found) != 1 or left.mean() > self.least_left:
            mean = np.stack([np.bincount(tracks.track, tracks.xy[:, k], tracks.count) for k in (0, 1)], axis=1)
            look("ring", in_ring(mean / lengths[:, None], tracks.width, tracks.height, self.ring_share), self.rounds)
        return found

    def _is_unbeatable(self, tracks: Tracks, holds: np.ndarray) -> bool:
        """Whether no other motion can score as much: it could win the cells this one does not, and cover all."""
        win = border_score(tracks, holds, 0.0)
        return border_score(tracks, holds, self.cover_weight) > 1.0 - win + self.cover_weight

    def _holds(self, value: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return value >= self.vote.background_value


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))
