"""What clips cost, from the manifests of a run: CPU seconds of each stage, and how many clips reach it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from omegaconf import OmegaConf

from factory.filters.decide import Decide
from factory.manifest.read import read_part, read_phase
from factory.phases.build import build
from factory.settings import settings_of
from factory.stage import Chain
from factory.storage.output import Storage
from factory.storage.sources import SCHEMA


@dataclass(frozen=True)
class PhaseCost:
    """Clips of a phase by what becomes of them. Entry 0: those that pass; the others: those that leave it at one stage.

    seconds: CPU seconds of a clip. shares: of all clips, sums to 1. clip_s: mean length of the clips. gpu_s: GPU
    seconds of a clip, by the same entries; empty for none.
    """

    name: str
    seconds: tuple[float, ...]
    shares: tuple[float, ...]
    clip_s: float
    gpu_s: tuple[float, ...] = ()

    @property
    def mean_s(self) -> float:
        return float(np.dot(self.seconds, self.shares))

    @property
    def mean_gpu_s(self) -> float:
        return float(np.dot(self.gpu_s, self.shares)) if self.gpu_s else 0.0

    def accepting(self, share: float) -> "PhaseCost":
        """Were another share of clips to pass, and those that do not leave at the same stages in the same proportions.
        Raises ValueError where no clip was rejected from which to tell what rejected ones cost."""
        rejected = 1.0 - self.shares[0]
        if not rejected:
            raise ValueError(f"every clip passed phase {self.name}: what rejected clips cost was not measured")
        return replace(self, shares=(share, *(s * (1.0 - share) / rejected for s in self.shares[1:])))

    def times(self, factor: float) -> "PhaseCost":
        return replace(self, seconds=tuple(factor * s for s in self.seconds))

    def draw_shards(self, rng: np.random.Generator, clips: int, size: int) -> list[float]:
        """CPU and GPU seconds of the clips of each shard together, what becomes of each clip drawn by the shares."""
        sizes = [size] * (clips // size) + [clips % size] * (clips % size > 0)
        each = np.add(self.seconds, self.gpu_s) if self.gpu_s else np.array(self.seconds)
        return [float(rng.multinomial(n, self.shares) @ each) for n in sizes]


@dataclass(frozen=True)
class Step:
    """A stage: CPU seconds each time it runs; how often it does, by the clips of the phase: under 1 behind a rule, and
    more for the rules themselves."""

    phase: str
    stage: str
    seconds: float
    times: float


@dataclass(frozen=True)
class Measured:
    output: str
    exhaustive: bool
    clips: int
    phases: dict[str, PhaseCost]
    steps: tuple[Step, ...]


def measured(output: str) -> Measured:
    """Raises ValueError for an output whose runs do not account for the clips of its manifests, or of which no clip
    passes a phase: what such a clip costs is then not known."""
    storage = Storage.at(output)
    runs = [row for file in storage.run_files() for row in read_part(storage, file).to_pylist()]
    if not runs:
        raise ValueError(f"{output} has no finished run")
    runs.sort(key=lambda row: row["run_id"])
    cfg = settings_of(OmegaConf.create(runs[-1]["config"]))
    phases, steps = {}, []
    for phase in build(cfg, pa.table({name: [] for name in SCHEMA.names}, SCHEMA)):
        rows = read_phase(storage, phase.name).to_pylist()
        ours = [row for row in runs if row["phase"] == phase.name]
        if sum(row["ok"] + row["rejected"] + row["failed"] for row in ours) != len(rows):
            raise ValueError(
                f"{output}: runs do not add up to the {len(rows)} rows of {phase.name}: use a fresh output"
            )
        cpu_s, stage_s = sum(row["cpu_s"] for row in ours), Counter[str]()
        for row in ours:
            stage_s.update(dict(row["stage_seconds"]))
        passed = [row for row in rows if row["status"] == "ok"]
        if not passed:
            raise ValueError(
                f"{output}: no clip passes {phase.name}, so what one costs is not known: run on more clips"
            )
        if phase.name == "ingest":
            # A source costs what it costs; its clips share that. Spans that are no clips are part of it.
            phases["ingest"] = PhaseCost("ingest", (cpu_s / len(passed),), (1.0,), _length_s(passed))
            steps += [Step("ingest", "all", cpu_s / len(passed), 1.0)]
            continue
        # Stages are timed by the wall; CPU seconds are known of the phase. What others did meanwhile is taken out so.
        factor = cpu_s / sum(stage_s.values())
        cost, each = _by_exit(phase.name, phase.stages, rows, {k: factor * v for k, v in stage_s.items()})
        phases[phase.name] = cost
        steps += each
    return Measured(
        output, bool(getattr(cfg.phases.get("filter"), "exhaustive", False)), len(passed), phases, tuple(steps)
    )


def _by_exit(
    phase: str, stages: Chain, rows: Sequence[dict[str, Any]], stage_s: dict[str, float]
) -> tuple[PhaseCost, list[Step]]:
    chain = [name for name, _ in stages]
    last = len(chain) - 1
    exits = Counter((row["status"] == "ok", _exit(stages, row)) for row in rows)
    reached: defaultdict[str, int] = defaultdict(int)
    for (_, at), count in exits.items():
        for name in chain[: at + 1]:
            reached[name] += count
    mean_s = {name: stage_s.get(name, 0.0) / n for name, n in reached.items()}
    until_s = np.cumsum([mean_s.get(name, 0.0) for name in chain])
    left = sorted((at, count) for (ok, at), count in exits.items() if not ok)
    entries = [(last, exits[True, last]), *left]
    seconds, shares = tuple(float(until_s[at]) for at, _ in entries), tuple(n / len(rows) for _, n in entries)
    steps = [Step(phase, name, mean_s[name], n / len(rows)) for name, n in reached.items()]
    return PhaseCost(phase, seconds, shares, _length_s(rows)), steps


def _exit(stages: Chain, row: dict[str, Any]) -> int:
    """Number of the last stage that saw the clip: the rules that reject it stand behind a specialist; only the last
    stage rejects without rules."""
    if row["status"] == "failed":
        return max(i for i, (name, _) in enumerate(stages) if name == row["failed_stage"])
    rules = {reason.split(" (")[0] for reason in row["reasons"]}
    for i, (_, stage) in enumerate(stages):
        if isinstance(stage, Decide) and rules & set(stage.rules):
            return i
    return len(stages) - 1


def _length_s(rows: Sequence[dict[str, Any]]) -> float:
    return float(np.mean([row["source_end_s"] - row["source_start_s"] for row in rows]))
