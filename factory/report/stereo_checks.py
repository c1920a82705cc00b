"""The bounds that a stereo clip was held against, by the configuration of the run, beside what it measured."""

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from factory.phases.world_stages import AcceptWorld
from factory.report.checks import Check, Row, followed, stage_of
from factory.stereo.checks import Checks
from factory.stereo.lens_check import TELLING_LOG_SD
from factory.stereo.rule import StereoRule
from factory.trust.rule import QUALITIES


def stereo_rule(config: Row, phase: str) -> StereoRule:
    """The rule of a rig's paths: as a configuration has it where that says, else this release's."""
    given = stage_of(config, phase, "grade").get("rule") or {}
    return StereoRule(**{f.name: followed(config, given[f.name]) for f in fields(StereoRule) if f.name in given})


def rig_checks(rule: StereoRule, row: Row) -> list[Check]:
    """What `StereoRule.reasons` asks, of a row's columns. A sentence may spare others: the eyes' parallax says nothing
    where they do not fit together, and both bounds are broken."""
    if row.get("matched_ratio") is None:
        return []
    bounds: list[tuple[str, str, float, bool]] = [
        ("matched", "matched_ratio", rule.least_matched, True),
        ("vertical_px", "vertical_px", rule.most_vertical_px, False),
        ("clear", "clear_ratio", rule.least_clear, True),
        ("ahead", "ahead_ratio", rule.least_ahead, True),
    ]
    if row.get("registered_ratio") is not None:
        bounds += _of_the_path(rule, row) + _of_the_lens(rule, row)
    return [Check(name, column, row.get(column), bound, at_least) for name, column, bound, at_least in bounds]


def _of_the_lens(rule: StereoRule, row: Row) -> list[tuple[str, str, float, bool]]:
    """A clip that hardly tells its lens is held by wider bounds, and not at all where nobody said what it is."""
    if row.get("lens_ratio") is None:
        return []
    most = math.exp(max(rule.most_lens, rule.most_lens_sds * row["lens_log_sd"]))
    found = [("lens_ratio", "lens_ratio", 1.0 / most, True), ("lens_ratio", "lens_ratio", most, False)]
    if (row.get("layout") or {}).get("across_found"):
        found.append(("across_deg", "lens_log_sd", TELLING_LOG_SD, False))
    return found


def _of_the_path(rule: StereoRule, row: Row) -> list[tuple[str, str, float, bool]]:
    level = (row.get("layout") or {}).get("projection") == "rectified"
    most_baseline_deg = rule.most_level_baseline_deg if level else rule.most_baseline_deg
    found = [
        ("registered_ratio", "registered_ratio", rule.least_registered, True),
        ("kept_ratio", "explained_ratio", rule.least_kept, True),
        ("won_ratio", "won_ratio", rule.least_won, True),
        ("spread_ratio", "spread_ratio", rule.least_spread, True),
        ("baseline_deg", "baseline_deg", most_baseline_deg, False),
        ("speed_m_s", "speed_m_s", rule.most_speed_m_s, False),
    ]
    if row.get("camera_motion") != "moving":
        return [*found, ("halves", "half_px", rule.most_still_px, False)]
    return [
        *found,
        ("lag_frames", "lag_frames", -rule.most_lag_frames, True),
        ("lag_frames", "lag_frames", rule.most_lag_frames, False),
        ("halves", "half_ate_percent", rule.most_halves_percent, False),
        ("halves", "half_scale", 1.0 - rule.most_halves_scale, True),
        ("halves", "half_scale", 1.0 + rule.most_halves_scale, False),
    ]


def rig_tiers(config: Row, phase: str) -> list[dict[str, Any]]:
    """Words of the tiers of a rig's paths, best first, and whether one of that quality is accepted."""
    rule, least = stereo_rule(config, phase), (config.get(phase) or {}).get("min_quality")
    worst = QUALITIES.index(least if least in QUALITIES else "silver")
    bounds = {
        "gold": (rule.gold_halves_percent, rule.gold_halves_scale),
        "silver": (rule.most_halves_percent, rule.most_halves_scale),
    }
    return [
        {
            "name": name,
            "told": f"halves of the tracks agree to {percent:g} % of the path and {100.0 * scale:g} % of its length"
            + (", and the clip confirms the lens it is said to have" if name == "gold" else "")
            + "; or the camera stands",
            "accepted": place <= worst,
        }
        for place, (name, (percent, scale)) in enumerate(bounds.items())
    ]


def world_checks(config: Row, phase: str) -> Callable[[Row], list[Check]]:
    """What `AcceptWorld` asks of a row, with the bounds of a configuration."""
    given, ours = stage_of(config, phase, "accept"), AcceptWorld()
    tracks = followed(config, given.get("least_tracks", ours.least_tracks))
    moving = followed(config, given.get("least_moving", ours.least_moving))

    def checks(row: Row) -> list[Check]:
        if row.get("track_count") is None:
            return []
        return [
            Check("world_tracks", "track_count", row["track_count"], tracks, True),
            Check("static_scene", "moving_ratio", row.get("moving_ratio"), moving, True),
        ]

    return checks


def thrown_words(config: Row, phase: str) -> dict[str, str]:
    """What fails each check of a disparity, by its name in the column `thrown`, with a configuration's bounds."""
    given = (stage_of(config, phase, "depth").get("disparity") or {}).get("checks") or {}
    c = Checks(**{f.name: followed(config, given[f.name]) for f in fields(Checks) if f.name in given})
    return {
        "unseen": "one of the eyes does not see it",
        "vertical": f"flow across rows over {c.most_vertical_px:g} px",
        "return": f"flow there and back ends over {c.most_return_px:g} px away",
        "range": f"farther than {c.farthest_baselines:g} baselines, or nowhere",
        "gradient": "seen too steeply, or at an edge",
        "second": f"semi-global matching differs by over {c.most_apart_px or 0:g} px, or has no answer",
    }
