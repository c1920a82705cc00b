"""The Slurm script, with stand-ins for Slurm's commands and a real cluster on this machine."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.deploy.conftest import DEPLOY, environment

SCRIPT = DEPLOY / "slurm" / "factory.sbatch"

SCONTROL = """\
case $1 in
    show) printf 'node1\\nnode2\\n' ;;
    requeue) echo "$2" > "$CALLS/requeued" ;;
esac
"""
# Runs the command once, or once a node; passes a signal on, as srun does.
SRUN = """\
import signal, subprocess, sys
words = sys.argv[1:]
options = [words.pop(0) for _ in list(words) if words[0].startswith("--")]
steps, ended = [], []
def end(*_):
    ended.append(True)
    for step in steps:
        step.terminate()
signal.signal(signal.SIGTERM, end)
steps += [subprocess.Popen(words) for _ in range(2 if "--nodes=2" in options else 1)]
if ended:  # while they started
    end()
sys.exit(max(step.wait() for step in steps))
"""
# Without Ray: the cluster is there at once and stays, the run takes as long as it takes.
FAKE_RAY = "[[ $1 == health-check ]] || exec sleep 60"
FAKE_RUN = 'echo "$RAY_ADDRESS $*" > "$CALLS/run"; sleep "${SLEEP:-0}"; exit "${STATUS:-0}"'


def slurm(folder: Path, **commands: str) -> dict[str, str]:
    """The environment of a job on two nodes with one CPU each, where the commands given stand in for real ones."""
    bin_dir = folder / "bin"
    bin_dir.mkdir()
    scripts = {name: f"#!/usr/bin/env bash\n{text}" for name, text in {"scontrol": SCONTROL, **commands}.items()}
    for name, text in {"srun": f"#!{sys.executable}\n{SRUN}", **scripts}.items():
        path = bin_dir / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    job = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_JOB_NODELIST": "node[1-2]", "SLURM_JOB_NUM_NODES": "2"}
    env = {**environment(token=None), **job, "SLURM_CPUS_ON_NODE": "1", "CALLS": str(folder)}
    return {**env, "PATH": f"{bin_dir}{os.pathsep}{env['PATH']}"}


def test_a_job_makes_a_cluster_runs_on_it_and_leaves_nothing(videos, tmp_path):
    output = tmp_path / "out"
    env = {**slurm(tmp_path), "SLURM_JOB_NUM_NODES": "1"}  # two nodes that start at once vie for ports here
    command = ["bash", SCRIPT, f"source={videos}", f"output={output}", "pipeline=ingest"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((output / "ingest").glob("part-*.parquet"))) > 0
    assert list(Path("/tmp").glob(f"factory-{env['SLURM_JOB_ID']}*")) == []
    commands = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    assert [words for words in commands if f"/tmp/factory-{env['SLURM_JOB_ID']}-" in " ".join(words)] == []


def test_the_status_of_the_run_is_the_job_s(tmp_path):
    env = {**slurm(tmp_path, ray=FAKE_RAY, factory=FAKE_RUN), "STATUS": "3"}
    done = subprocess.run(["bash", SCRIPT, "source=/a b", "output=/o"], env=env, cwd=tmp_path, timeout=60)
    assert done.returncode == 3
    address, *words = (tmp_path / "run").read_text().split(maxsplit=1)
    assert int(address.rsplit(":", 1)[1]) > 0
    assert words == ["run profile=cluster profile.autoscales=true workers=2 source=/a b output=/o\n"]
    assert not (tmp_path / "requeued").exists()


def test_a_run_that_has_lost_its_nodes_does_not_wait_for_ever(tmp_path):
    only_the_head_starts = "[[ $* == *--head* ]] && exec sleep 60; [[ $1 == health-check ]]"
    env = slurm(tmp_path, ray=only_the_head_starts, factory="exec sleep 60")
    done = subprocess.run(["bash", SCRIPT], capture_output=True, text=True, env=env, cwd=tmp_path, timeout=30)
    assert (done.returncode, "the cluster ended before the run" in done.stderr) == (1, True)


@pytest.mark.parametrize(("sent", "requeued"), [(signal.SIGUSR1, True), (signal.SIGTERM, False)])
def test_a_job_out_of_time_queues_again_and_one_that_is_ended_does_not(tmp_path, sent, requeued):
    env = {**slurm(tmp_path, ray=FAKE_RAY, factory=FAKE_RUN), "SLEEP": "3"}
    with subprocess.Popen(["bash", SCRIPT, "source=/a", "output=/o"], env=env, cwd=tmp_path) as process:
        while not (tmp_path / "run").exists():
            assert process.poll() is None
        process.send_signal(sent)
        status = process.wait(timeout=30)
    assert (status, (tmp_path / "requeued").exists()) == (0 if requeued else 143, requeued)


def test_a_node_that_missed_the_signal_is_told_again(tmp_path):
    misses_one = "[[ $1 == health-check ]] || { trap 'trap - TERM' TERM; for _ in {1..60}; do sleep 1; done; }"
    env = {**slurm(tmp_path, ray=misses_one, factory=FAKE_RUN), "SLEEP": "3"}
    subprocess.run(["bash", SCRIPT, "source=/a", "output=/o"], env=env, cwd=tmp_path, timeout=30, check=True)
