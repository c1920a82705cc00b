"""By what the phases of an output decided: asked of what their manifests have, never by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from factory.data.opened import Output
from factory.manifest.phases import phase_with
from factory.manifest.runs import newest_config
from factory.report.checks import Check, FilterBounds, Row, accept_rule, filter_bounds, pose_checks, tiers
from factory.report.stereo_checks import rig_checks, rig_tiers, stereo_rule, thrown_words, world_checks


@dataclass(frozen=True)
class Judged:
    """filtered, posed, rigged, world, deep: the phases that give a score, poses, a rig, tracks in the world and depth
    of one eye; None where there is none. bounds: of the score. tiers: of the poses, best first. checks: by phase, what
    a row was held against. thrown: what fails each check of a disparity, in words."""

    filtered: str | None
    posed: str | None
    rigged: str | None
    world: str | None
    deep: str | None
    bounds: FilterBounds | None
    tiers: list[dict[str, Any]]
    checks: Mapping[str, Callable[[Row], list[Check]]]
    thrown: Mapping[str, str]


def judged(output: Output) -> Judged:
    """With the bounds of each phase's newest run, where that says; raises StorageError."""
    found = {column: phase_with(output.storage, column) for column in ("score", "world_from_cam", "left_from_right")}
    filtered, posed, rigged = found.values()
    world = phase_with(output.storage, "world_tracks")
    bounds = None if filtered is None else filter_bounds(output, filtered)
    checks: dict[str, Callable[[Row], list[Check]]] = {}
    graded: list[dict[str, Any]] = []
    if filtered is not None and bounds is not None:
        checks[filtered] = bounds.checks
    if rigged is not None:
        config = newest_config(output.storage, rigged) or {}
        checks[rigged] = partial(rig_checks, stereo_rule(config, rigged))
        graded = rig_tiers(config, rigged)
    if posed is not None and posed != rigged:
        rule = accept_rule(output, posed)
        checks[posed], graded = partial(pose_checks, rule), tiers(rule)
    thrown: dict[str, str] = {}
    asked = None if world is None else newest_config(output.storage, world)  # None of imported clips
    if world is not None and asked is not None:
        checks[world], thrown = world_checks(asked, world), thrown_words(asked, world)
    deep = phase_with(output.storage, "mono_depth")
    return Judged(filtered, posed, rigged, world, deep, bounds, graded, checks, thrown)
