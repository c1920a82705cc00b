"""The steps that say what a rig's path is worth, and whether it is kept."""

from dataclasses import dataclass, field
from typing import ClassVar

from factory.clip import ClipRecord
from factory.stage import Rejected
from factory.stereo.rule import StereoPredicted, StereoPrediction, StereoRule
from factory.stereo.signals import StereoSignals, measured
from factory.trust.rule import QUALITIES, Quality


@dataclass(frozen=True)
class StereoTrust:
    """How far a path can be trusted. quality: None where the rule refuses it. reasons: of what does, sentences."""

    signals: StereoSignals
    predicted: StereoPredicted | None
    quality: Quality | None
    reasons: tuple[str, ...]


@dataclass
class GradeRig:
    """Solves halves of the tracks and judges by them and by what the eyes agree on. Gives: trust."""

    needs: ClassVar[tuple[str, ...]] = ("rig_solve", "rig_options")
    gives: ClassVar[tuple[str, ...]] = ("trust",)

    rule: StereoRule = field(default_factory=StereoRule)
    predict: StereoPrediction = field(default_factory=StereoPrediction)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        signals = measured(record["rig_solve"], record["rig_options"])
        reasons = self.rule.reasons(signals)
        quality = None if reasons else self.rule.quality(signals)
        return record.give(trust=StereoTrust(signals, self.predict(signals), quality, reasons))


@dataclass
class AcceptRig:
    """Rejects what cannot be trusted, with the reasons."""

    needs: ClassVar[tuple[str, ...]] = ("trust",)
    gives: ClassVar[tuple[str, ...]] = ()

    min_quality: Quality = "silver"

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        trust: StereoTrust = record["trust"]
        if trust.quality is None:
            return Rejected(record, trust.reasons)
        if QUALITIES.index(trust.quality) > QUALITIES.index(self.min_quality):
            return Rejected(record, (f"quality: the path is {trust.quality}, {self.min_quality} is asked for",))
        return record
