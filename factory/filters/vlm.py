"""Language model specialist: what needs understanding, and no measurement tells (C1-C3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.errors import ConfigError
from factory.filters.features import FEATURES
from factory.models.roles import Vlm


@dataclass
class AskVlm:
    """Asks a model that sees about a clip's stills.

    questions: by feature, each so that yes or no answers it. Needs: stills. Gives the features: how probable yes is;
    None where the model abstains.
    """

    needs: ClassVar[tuple[str, ...]] = ("stills",)

    vlm: Vlm
    questions: Mapping[str, str]

    def __post_init__(self) -> None:
        unknown = [name for name in self.questions if name not in FEATURES]
        if unknown or not self.questions:
            told = f"there is no feature '{unknown[0]}'" if unknown else "there are none"
            raise ConfigError(f"questions for the language model: {told}; see factory/filters/features.py.")

    @property
    def gives(self) -> tuple[str, ...]:
        return tuple(self.questions)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        said = self.vlm.ask(np.stack(record["stills"]), tuple(self.questions.values()))
        known = {n: None if np.isnan(yes) else float(yes) for n, yes in zip(self.questions, said, strict=True)}
        return record.give(**known)
