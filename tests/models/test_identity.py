"""What a backend is known by in fingerprints: all that changes its answers, and nothing else."""

from dataclasses import fields, is_dataclass, replace
from functools import lru_cache

import pytest

from factory.commands.compose import configured
from factory.confdir import conf_dir
from factory.models.raft import RaftFlow
from factory.stage import stage_identity
from tests.models.fakes import AskFlow, FakeFlow

ROLES = ("follower", "segmenter", "video_masks", "detector", "depth", "intrinsics", "stereo", "teller", "vlm")
# How a server is asked, and what that may cost.
PAID = ("timeout_s", "tries", "usd_per_million_in", "usd_per_million_out", "budget_usd", "cache_at", "cache_dir")
PLACES = (
    "device",
    "pool",
    "store",
    "code_at",
    "points_at_once",
    "required",
    "url",
    "key_from",
    *PAID,
)  # where it runs and where its files come from


@lru_cache(1)
def backends() -> dict[str, object]:
    """Every backend that conf/ offers, by role and name."""
    found = {}
    for role in ("flow", "tracker", *ROLES):
        for path in (conf_dir() / role).glob("*.yaml"):
            cfg = configured(["source=x", "output=y", f"{role}={path.stem}"])
            found[f"{role}={path.stem}"] = getattr(cfg, role)
    del found["vlm=none"]
    return found


def other(value):
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if is_dataclass(value) and not isinstance(value, type):
        name = next(f.name for f in fields(value) if f.compare)
        return replace(value, **{name: other(getattr(value, name))})
    return "another" if isinstance(value, str) or value is None else (*value, value)


@pytest.mark.parametrize("name", backends())
def test_a_fingerprint_knows_what_changes_answers_and_nothing_else(name):
    backend = backends()[name]
    if hasattr(backend, "budget_usd"):  # which wants prices
        backend = replace(backend, usd_per_million_in=1.0, usd_per_million_out=1.0)
    known = stage_identity(AskFlow(backend))
    assert stage_identity(AskFlow(replace(backend))) == known
    for field in fields(backend):
        changed = stage_identity(AskFlow(replace(backend, **{field.name: other(getattr(backend, field.name))})))
        assert (changed == known) == (field.name in PLACES), field.name


def test_a_backend_s_version_is_part_of_it():
    class Newer(FakeFlow):
        version = 2

    Newer.__qualname__ = FakeFlow.__qualname__
    assert stage_identity(AskFlow(Newer())) != stage_identity(AskFlow(FakeFlow()))


def test_a_set_of_weights_is_known_by_its_name():
    """Which stands for one content."""
    one, two = (stage_identity(AskFlow(RaftFlow(weights=weights))) for weights in ("raft_large", "another"))
    assert one != two
