"""Shared fixtures: the development videos, an S3 server, small hand-made videos."""

import fcntl
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest

if TYPE_CHECKING:
    from factory.data import Output
    from tests.s3.proxy import Proxy
    from tests.s3.server import Server
    from tests.web import Web

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def media() -> Path:
    """The development videos: FACTORY_MEDIA, or ../shared/media beside the checkout. Not part of the repository."""
    folder = Path(os.environ.get("FACTORY_MEDIA", ROOT.parent / "shared" / "media"))
    if not folder.is_dir():
        pytest.skip(f"the development videos are not at {folder}: set FACTORY_MEDIA to run this test")
    return folder


def made_once(paths: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` has filled, once for all workers of pytest-xdist; whoever comes meanwhile waits."""
    base = paths.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = base / name, base / f"{name}.done"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def posed(tmp_path_factory: pytest.TempPathFactory) -> "Output":
    """Two rendered clips, `good` and `pure_rotation`, posed through the Python door."""
    import factory
    from factory.synth.sample import render_sample

    folder = tmp_path_factory.mktemp("posed")
    render_sample(folder / "videos", only=("good", "pure_rotation"), seconds=2.5)
    settings = {"pose.min_quality": "bronze"}
    return factory.run(folder / "videos", folder / "out", settings, pipeline="pose", engine="inline")


STEREO = "stereo_walker"


@pytest.fixture(scope="session")
def stereo(tmp_path_factory: pytest.TempPathFactory) -> "Output":
    """A rendered clip of two rectified eyes, `STEREO`, through the stereo pipeline, and one eye alone, which is
    rejected. Beside the output: `truth`, with the clip's depth, too. As `notebooks/stereo_tracks.ipynb` makes it."""
    import factory

    return factory.open(made_once(tmp_path_factory, "stereo", _run_stereo) / "out")


def _run_stereo(folder: Path) -> None:
    import factory
    from factory.synth.produce import Order, produce
    from tests.videos import write

    produce(folder / "truth", Order("stereo", size=(320, 180), seconds=1.0, truth=("depth",)), only=(STEREO,))
    write(folder / "mono.mp4", shifted(0, 40), fps=24)
    (folder / "sources.csv").write_text(f"source\n{folder / 'truth' / STEREO}.mp4\n{folder / 'mono.mp4'}\n")
    settings = stereo_settings(folder)
    factory.run(folder / "sources.csv", folder / "out", settings, pipeline="stereo4d", engine="inline")


def stereo_settings(folder: Path) -> dict[str, float]:
    """Those of `stereo`, whose clip lies in the folder."""
    focal_px = json.loads((folder / "truth" / f"{STEREO}.json").read_text())["intrinsics"]["focal_px"]
    return {
        "ingest.cut.min_s": 0.5,
        "rig.stages.layout.recognise.across_deg": float(np.degrees(2 * np.arctan(160 / focal_px))),
        "world.stages.keep.depth_every": 6,
    }


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Server]":
    """A real S3 server for the whole session.

    Without one the test fails: skipped, the half of the code that speaks S3 would break unseen.
    """
    from tests.s3 import server

    try:
        running = server.start(tmp_path_factory.mktemp("s3"))
    except RuntimeError as error:
        pytest.fail(str(error), pytrace=False)
    yield running
    running.stop()


@pytest.fixture
def bucket(s3_server: "Server", monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of a bucket of this test's own, and an environment in which S3 clients find it, without retries."""
    import boto3

    from factory.storage import s3_client

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)  # a profile or a session token of the developer's
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    quick = {"AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}
    direct = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    for name, value in {**s3_server.env, **nothing, **quick, **direct}.items():
        monkeypatch.setenv(name, value)
    s3_client.forget()  # keys of the test before
    name = f"test-{uuid4().hex[:12]}"
    boto3.session.Session().client("s3").create_bucket(Bucket=name)
    return f"s3://{name}"


@pytest.fixture
def s3_proxy(s3_server: "Server", bucket: str, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Proxy]":  # noqa: ARG001
    """A proxy that can misbehave, between `bucket` and the clients this test makes from now on."""
    from factory.storage import s3_client
    from tests.s3 import proxy

    running = proxy.start(s3_server.endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", running.endpoint)
    s3_client.forget()
    yield running
    running.stop()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> "Iterator[Web]":
    """A web server on the loopback that behaves as it is told."""
    from tests.web import serve

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with serve() as running:
        yield running


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted without root: the full disk is not tried")
    yield folder
    subprocess.run(["umount", folder], check=True)


def picture(seed: int, height: int = 120, width: int = 160) -> np.ndarray:
    """A textured RGB picture, uint8 (H, W, 3): blocks of noise, rich in corners."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height // 8, width // 8, 3))
    return np.kron(noise, np.ones((8, 8, 1))).astype(np.uint8)


def shifted(seed: int, count: int, step_px: int = 2, height: int = 120, width: int = 160) -> list[np.ndarray]:
    """`count` frames of one picture moving sideways."""
    return [np.roll(picture(seed, height, width), step_px * t, axis=1) for t in range(count)]
