"""Every preset composes, and what it composes can be built and checked."""

from itertools import product

import pyarrow as pa
import pytest

from factory.commands.compose import configured
from factory.confdir import conf_dir
from factory.depth.cvd import ConsistentDepth
from factory.errors import ConfigError
from factory.models.depth_anything import DepthAnything
from factory.models.raft import RaftFlow
from factory.phases.build import build
from factory.storage.sources import SCHEMA

SOURCES = pa.Table.from_pylist([{"source": "x.mp4"}], SCHEMA)
ROLES = ("follower", "segmenter", "video_masks", "detector", "depth", "intrinsics", "stereo", "teller", "vlm")
GROUPS = (
    *("pipeline", "profile", "storage", "phase", "filter", "seen", "tracker", "flow", "sfm", "mask", "prior"),
    *ROLES,
)


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))


def composed(*overrides: str):
    return configured(["source=x", "output=y", *overrides])


@pytest.mark.parametrize(("group", "option"), [(g, o) for g in GROUPS for o in options(g)])
def test_every_preset_composes(group, option):
    place = f"{group}@{option.partition('_')[0]}" if group == "phase" else group
    cfg = composed(f"{place}={option}")
    phases = build(cfg, SOURCES)
    assert [phase.name for phase in phases] == list(cfg.pipeline.phases)


def test_no_group_is_left_out():
    assert {path.parent.name for path in conf_dir().glob("*/*.yaml")} == set(GROUPS)


def test_consistent_depth_takes_the_sweep_s_place_with_a_network_and_the_profile_s_flow():
    stages = composed("pipeline=dynapo", "depth=cvd", "profile=gpu").phases["depthmaps"].chain()
    depth = dict(stages)["depth"]
    assert isinstance(depth.estimate, ConsistentDepth)
    assert isinstance(depth.estimate.match.flow, RaftFlow)
    assert isinstance(depth.prior, DepthAnything)


@pytest.mark.parametrize("pipeline", ["dynpose", "pose", "stereo4d", "dynapo"])
@pytest.mark.parametrize("profile", ["cpu", "gpu", "cluster"])
def test_every_pipeline_has_every_profile(pipeline, profile):
    cfg = composed(f"pipeline={pipeline}", f"profile={profile}")
    for name in cfg.pipeline.phases:
        assert name in cfg.phases
    if pipeline == "stereo4d":
        flow = dict(cfg.phases["world"].chain())["depth"].disparity.flow
        assert isinstance(flow, RaftFlow) == (profile == "gpu")


@pytest.mark.parametrize("key", ["filter.exhausted", "filter.rules.flat_share.moist", "pose.stages.track.max_side"])
def test_a_misspelt_key_is_named(key):
    with pytest.raises(ConfigError, match=key.rsplit(".", 1)[1]):
        composed(f"{key}=1")


def test_a_stage_without_its_input_is_found_before_anything_runs():
    with pytest.raises(ConfigError, match="stage background needs 'tracks', which nothing before it gives"):
        build(composed("pipeline=pose", "~pose.stages.track"), SOURCES)


@pytest.mark.parametrize(("pipeline", "exhaustive"), product(["dynpose", "pose"], ["true", "false"]))
def test_the_fingerprint_knows_what_changes_the_answer(pipeline, exhaustive):
    from factory.phases.phase import fingerprint

    def prints(*overrides):
        phases = build(composed(f"pipeline={pipeline}", f"filter.exhaustive={exhaustive}", *overrides), SOURCES)
        return {phase.name: fingerprint(phase.stages) for phase in phases}

    base = prints()
    assert prints("workers=7", "engine=inline", "pose.shard_size=3") == base
    assert prints("tracker.points=700")["pose"] != base["pose"]
    raft = prints("flow=raft")
    assert raft["pose"] != base["pose"]
    elsewhere = (
        "flow.device=cpu",
        "storage.cache_dir=elsewhere",
        "storage.weights_at=s3://mine/weights",
        "flow.pool.cpus=2",
    )
    assert prints("flow=raft", *elsewhere) == raft
    assert prints("ingest.cut.max_s=11")["ingest"] != base["ingest"]
