"""The cluster of `ray up`, as Ray itself reads it."""

import pytest
import yaml
from jsonschema import ValidationError
from ray.autoscaler._private.util import prepare_config, validate_config

from tests.deploy.conftest import DEPLOY


@pytest.fixture
def config() -> dict:
    return yaml.safe_load((DEPLOY / "ray-cluster.yaml").read_text())


def test_ray_takes_it_and_would_notice_a_misspelt_field(config):
    validate_config(prepare_config(config))
    config["available_node_types"]["cpu"]["max_worker"] = 3
    with pytest.raises(ValidationError, match="max_worker"):
        validate_config(prepare_config(config))


def test_the_head_does_no_work_and_stays_while_workers_are_spot(config):
    types = config["available_node_types"]
    head = types.pop(config["head_node_type"])
    assert head["resources"] == {"CPU": 0}
    assert "InstanceMarketOptions" not in head["node_config"]
    (start,) = [command for command in config["head_start_ray_commands"] if "--head" in command]
    assert "--num-cpus=0" in start.split()
    assert {node["node_config"]["InstanceMarketOptions"]["MarketType"] for node in types.values()} == {"spot"}
    assert sum(node["max_workers"] for node in types.values()) == config["max_workers"]


def test_nobody_uses_it_without_its_token(config):
    assert "--env RAY_AUTH_MODE=token" in config["docker"]["run_options"]
    assert "/home/factory/.ray/auth_token" in config["file_mounts"]
