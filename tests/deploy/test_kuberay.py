"""The RayJob: fields that KubeRay knows, and what a run on machines that may go away needs."""

import copy
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.deploy.conftest import DEPLOY

SCHEMA = json.loads((Path(__file__).parent / "rayjob.schema.json").read_text())
JOB = yaml.safe_load((DEPLOY / "kuberay" / "rayjob.yaml").read_text())
CLUSTER = JOB["spec"]["rayClusterSpec"]
HEAD, WORKERS = CLUSTER["headGroupSpec"], CLUSTER["workerGroupSpecs"]


def container(group: dict) -> dict:
    (only,) = group["template"]["spec"]["containers"]
    return only


def test_every_field_is_one_of_kuberay_s():
    wrong = [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(JOB)]
    assert wrong == []


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("spec", "backOffLimit"), 3),
        (("spec", "rayClusterSpec", "autoscalerOptions", "idleTimeoutMinutes"), 5),
        (("spec", "rayClusterSpec", "headGroupSpec", "rayStartParams", "num_cpus"), "0"),
        (("spec", "rayClusterSpec", "headGroupSpec", "rayStartParams", "num-cpus"), 0),
        (("spec", "rayClusterSpec", "workerGroupSpecs", 0, "template", "spec", "toleration"), []),
        (("spec", "rayClusterSpec", "workerGroupSpecs", 0, "template", "spec", "containers", 0, "env_from"), []),
    ],
)
def test_a_misspelt_field_is_noticed(path, wrong):
    job = copy.deepcopy(JOB)
    place = job
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(job, SCHEMA)


def test_the_head_does_no_work_and_is_not_on_machines_that_go_away():
    assert HEAD["rayStartParams"]["num-cpus"] == "0"
    assert "tolerations" not in HEAD["template"]["spec"]


def test_workers_may_run_on_spot_machines_and_on_those_with_gpus():
    for group in WORKERS:
        keys = {toleration["key"] for toleration in group["template"]["spec"]["tolerations"]}
        assert {"cloud.google.com/gke-spot", "kubernetes.azure.com/scalesetpriority"} <= keys
        assert ("nvidia.com/gpu" in keys) == ("nvidia.com/gpu" in container(group)["resources"]["limits"])
    assert sum("nvidia.com/gpu" in container(group)["resources"]["limits"] for group in WORKERS) == 1


def test_each_pod_asks_for_what_it_may_use():
    """Ray takes its CPUs from the limits, Kubernetes places by the requests: different ones overbook a machine."""
    for group in (HEAD, *WORKERS):
        resources = container(group)["resources"]
        assert resources["requests"] == resources["limits"]


def test_memory_backs_dev_shm_and_every_mount_has_its_volume():
    for group in (HEAD, *WORKERS):
        volumes = {volume["name"]: volume for volume in group["template"]["spec"]["volumes"]}
        mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container(group)["volumeMounts"]}
        assert mounts["/dev/shm"]["emptyDir"]["medium"] == "Memory"


def test_keys_come_from_the_secret_of_the_example_which_holds_none():
    secret = yaml.safe_load((DEPLOY / "kuberay" / "s3-secret.example.yaml").read_text())
    for group in (HEAD, *WORKERS):
        assert {source["secretRef"]["name"] for source in container(group)["envFrom"]} == {secret["metadata"]["name"]}
    keys = {name: value for name, value in secret["stringData"].items() if "KEY" in name}
    assert keys == {"AWS_ACCESS_KEY_ID": "REPLACE", "AWS_SECRET_ACCESS_KEY": "REPLACE"}


def test_the_run_does_not_call_up_gpus_for_work_on_cpus():
    (workers,) = re.findall(r"workers=(\d+)", JOB["spec"]["entrypoint"])
    (cpu,) = [g for g in WORKERS if "nvidia.com/gpu" not in container(g)["resources"]["limits"]]
    assert int(workers) == cpu["maxReplicas"] * int(container(cpu)["resources"]["limits"]["cpu"])


def test_the_pods_that_are_read_for_metrics_are_the_job_s():
    monitor = yaml.safe_load((DEPLOY / "kuberay" / "podmonitor.yaml").read_text())
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] in {port["name"] for port in container(HEAD)["ports"]}
