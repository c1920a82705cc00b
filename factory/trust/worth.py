"""What a trajectory is worth, in one piece."""

from dataclasses import dataclass

from factory.trust.assess import Signals
from factory.trust.predicted import Predicted
from factory.trust.rule import Quality


@dataclass(frozen=True)
class Trust:
    """How far a trajectory can be trusted. quality: None where the rule refuses it. reasons: sentences, empty where it
    is accepted; a clip of too low a quality has both."""

    signals: Signals
    predicted: Predicted
    quality: Quality | None
    reasons: tuple[str, ...]
    focal_reliable: bool
    translation_reliable: bool
