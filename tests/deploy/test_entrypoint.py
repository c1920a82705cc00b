"""The command in the RayJob, run on a cluster as deployed: a head without CPUs and two workers."""

import shlex
import subprocess

import yaml

from tests.deploy.conftest import DEPLOY, environment

JOB = yaml.safe_load((DEPLOY / "kuberay" / "rayjob.yaml").read_text())


def test_the_entrypoint_runs_with_nothing_but_its_places_changed(cluster, videos, tmp_path):
    output = tmp_path / "out"
    words = shlex.split(JOB["spec"]["entrypoint"])
    places = {"source": f"source={videos}", "output": f"output={output}"}
    changed = [places.pop(word.split("=")[0], word) for word in words]
    assert places == {}
    env = {**environment(), "RAY_ADDRESS": cluster["address"]}
    done = subprocess.run(
        [*changed, "pipeline=ingest"], capture_output=True, text=True, env=env, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((output / "ingest").glob("part-*.parquet"))) > 0
    assert list(tmp_path.iterdir()) == [output]
