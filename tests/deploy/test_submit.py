"""`factory submit` against a real job server that wants a token."""

import signal
import subprocess
import sys

import pytest

from factory.commands import submit
from factory.errors import ConfigError
from tests.conftest import ROOT
from tests.deploy.conftest import TOKEN, environment

# What the job runs instead of `factory run`, so that a test can choose how it ends.
PATCHED = "import sys; from factory import cli; from factory.commands import submit; "
PATCHED += "submit.entrypoint = lambda words: {entrypoint!r}; sys.exit(cli.main(sys.argv[1:]))"
PLACES = ("source=/videos", "output=/out")


def send(server, *words, token=TOKEN, entrypoint=None, env=None):
    """Runs the command; returns (exit status, stdout, stderr)."""
    code = ["-c", PATCHED.format(entrypoint=entrypoint)] if entrypoint else ["-m", "factory"]
    command = [sys.executable, *code, "submit", "--address", server, *words]
    env = {**environment(token), **(env or {})}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, env=env)
    return done.returncode, done.stdout, done.stderr


def test_a_run_is_sent_followed_and_done(head, videos, tmp_path):
    output = tmp_path / "it's out"
    status, out, err = send(head["job_server"], f"source={videos}", f"output={output}", "pipeline=ingest")
    assert status == 0, out + err
    assert out.startswith("job raysubmit_")
    assert "ingest" in out.split("\n", 1)[1]
    assert len(list((output / "ingest").glob("part-*.parquet"))) > 0


@pytest.fixture(scope="module")
def probe(head):
    """A job that shows what came with it and fails."""
    given = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_REGION": "here"}
    keys = {"AWS_SECRET_ACCESS_KEY": "secret-1", "AWS_ACCESS_KEY_ID": "secret-2", "AWS_SESSION_TOKEN": "secret-3"}
    entrypoint = "echo $(ls -A); python -c 'import factory; print(factory.__file__)'; pwd; env; exit 7"
    return send(head["job_server"], *PLACES, entrypoint=entrypoint, env={**given, **keys})


def test_a_failing_job_passes_its_exit_status_on(probe):
    status, _, err = probe
    assert (status, len(err.splitlines())) == (7, 1)
    assert "failed" in err


def test_the_code_of_the_checkout_travels_and_nothing_else(probe):
    lines = probe[1].splitlines()
    assert "conf factory" in lines
    (module,) = [line for line in lines if line.endswith("/factory/__init__.py")]
    assert module.removesuffix("/factory/__init__.py") in lines  # the folder the job runs in
    assert not module.startswith(str(ROOT))


def test_where_the_data_lies_travels_and_keys_do_not(probe):
    assert {"AWS_ENDPOINT_URL_S3=http://127.0.0.1:9", "AWS_REGION=here"} <= set(probe[1].splitlines())
    assert "secret-" not in probe[1]


def test_an_interrupted_watch_says_how_to_end_the_job(head):
    # Processes that a script starts in the background ignore Ctrl-C, and so would what they start.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code = heard + PATCHED.format(entrypoint="echo begun; sleep 100")
    command = [sys.executable, "-c", code, "submit", *PLACES]
    env = {**environment(), "RAY_API_SERVER_ADDRESS": head["job_server"]}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env
    ) as process:
        assert process.stdout is not None
        job = process.stdout.readline().split()[1]
        while process.stdout.readline() != "begun\n":
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"ray job stop --address {head['job_server']} {job}" in err
    assert "Traceback" not in err


def test_no_wait_names_the_job_and_leaves(head):
    status, out, err = send(head["job_server"], "--no-wait", *PLACES, entrypoint="sleep 100")
    assert status == 0, err
    assert "follow it: ray job logs --follow" in out


@pytest.mark.parametrize("token", ["b" * 64, None])
def test_a_wrong_or_missing_token_is_one_sentence(head, token):
    status, _, err = send(head["job_server"], *PLACES, token=token)
    assert (status, len(err.strip().splitlines())) == (1, 1)
    assert "token" in err


def test_a_server_that_is_not_there_is_one_sentence():
    status, _, err = send("http://127.0.0.1:1", *PLACES)
    assert (status, len(err.strip().splitlines())) == (1, 1)
    assert "no Ray job server answers at http://127.0.0.1:1" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["source=s3://b/v"], "output is not given"),
        (["source=videos", "output=s3://b/o"], "source=videos is a relative path"),
        (["source=/videos", "output=~/out"], "output=~/out is a relative path"),
        (["source=/v", "output=/o", "ingest.cut.mim_s=3"], "mim_s"),
        (["source=/v", "output=/o", "+ingest.cut.mim_s=3"], "mim_s"),
        (["source=/v", "output=/o", "pipeline=quantum"], "quantum"),
    ],
)
def test_what_would_not_run_is_not_sent(words, sentence):
    with pytest.raises(ConfigError, match=sentence):
        submit.check(words)


def test_a_profile_may_need_packages_that_only_the_cluster_has():
    cfg = submit.check(["source=s3://b/v", "output=file:///o, [1]", "profile=gpu"])
    assert (cfg.profile.name, cfg.source, cfg.output) == ("gpu", "s3://b/v", "file:///o, [1]")
