"""The images: they can be built from what the checkout holds, hold no secrets and do not run as root."""

import re

import pytest
import yaml

from tests.conftest import ROOT
from tests.deploy.conftest import DEPLOY

FILES = ("Dockerfile", "Dockerfile.cuda")


def instructions(name: str) -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (DEPLOY / name).read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word.upper(), rest) for word, _, rest in (line.partition(" ") for line in lines)]


def copied() -> set[str]:
    """What the images take from the checkout."""
    copies = [rest.split() for word, rest in instructions("Dockerfile") if word == "COPY"]
    return {source for words in copies if not words[0].startswith("--from") for source in words[:-1]}


def test_what_is_copied_exists_and_is_sent_to_docker():
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied() == sent
    assert [source for source in copied() if not (ROOT / source).exists()] == []


def test_what_the_wheel_is_made_of_is_copied():
    project = (ROOT / "pyproject.toml").read_text()
    (included,) = re.findall(r'^"(\w+)" = "factory/conf"$', project, re.MULTILINE)
    assert {"factory", included, "README.md", "LICENSE", "pyproject.toml"} == copied() - {"constraints.txt"}


@pytest.mark.parametrize("name", FILES)
def test_the_image_runs_as_a_user_that_kubernetes_knows_not_to_be_root(name):
    user = [rest for word, rest in instructions(name) if word == "USER"][-1]
    job = yaml.safe_load((DEPLOY / "kuberay" / "rayjob.yaml").read_text())
    head = job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    assert int(user) == head["securityContext"]["runAsUser"] > 0


def test_ray_in_the_image_is_the_one_that_kubernetes_is_told():
    (version,) = re.findall(r"^ray==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    job = yaml.safe_load((DEPLOY / "kuberay" / "rayjob.yaml").read_text())
    assert job["spec"]["rayClusterSpec"]["rayVersion"] == version


@pytest.mark.parametrize("name", FILES)
def test_all_that_an_image_installs_is_constrained(name):
    installs = [rest for word, rest in instructions(name) if word == "RUN" and "pip install" in rest]
    assert installs
    assert all("--constraint /wheels/constraints.txt" in rest for rest in installs)


def test_gpu_workers_have_the_python_and_the_ray_of_the_head():
    assert [rest for word, rest in instructions("Dockerfile.cuda") if word == "FROM"] == ["${BASE}"]


def test_all_places_name_the_same_images():
    images = {"REGISTRY/factory:0.1.0", "REGISTRY/factory:0.1.0-cuda"}
    places = ("Dockerfile.cuda", "kuberay/rayjob.yaml", "ray-cluster.yaml")
    for place in places:
        assert set(re.findall(r"REGISTRY/[\w.:-]+", (DEPLOY / place).read_text())) == images, place


# Keys as Amazon and Ray make them, and anything long behind a word for a secret.
SECRET = re.compile(
    r"AKIA[0-9A-Z]{16}|-----BEGIN|[0-9a-f]{40}|(?i:secret_access_key|token|password)['\"]?\s*[:=]\s*['\"]?[\w/+]{16}"
)


@pytest.mark.parametrize("path", [p for p in DEPLOY.rglob("*") if p.is_file()], ids=lambda p: p.name)
def test_no_file_holds_a_secret(path):
    assert SECRET.findall(path.read_text()) == []


@pytest.mark.parametrize(
    "line", ["AWS_SECRET_ACCESS_KEY: " + "aB3/" * 10, "token = '" + "0f" * 32 + "'", "AKIA" + "X" * 16]
)
def test_a_secret_would_be_found(line):
    assert SECRET.search(line)
