"""Every figure of the estimate that was not measured by the runs it is given, with its source, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    value: float
    what: str
    source: str


@dataclass(frozen=True)
class NodeKind:
    """usd_h: of a whole node."""

    name: str
    cores: int
    gpus: int
    usd_h: float
    source: str


_PRICE = (
    "list price on demand, us-east-1, from memory, not looked up; a core is a hyperthread: guess that it equals ours"
)
GPU_NODE = NodeKind("p4d.24xlarge", 96, 8, 32.77, f"8 A100; {_PRICE}; cut by about a third in 2025")
CPU_NODE = NodeKind("c7i.16xlarge", 64, 0, 2.856, _PRICE)

_DYNPOSE = "DynPose-100K (arXiv 2504.17788), as public notes on it tell"
CANDIDATES = Figure(3_200_000, "clips that enter", _DYNPOSE)
FILTER_PASSES = Figure(137_000 / 3_200_000, "share of them that the filter passes", _DYNPOSE)
POSE_PASSES = Figure(
    100_131 / 137_000,
    "share of those with a pose in the end",
    f"{_DYNPOSE}; 30 thousand of them were perhaps not tried",
)
POSED_S = Figure(68 / 12, "length of a clip that is posed, seconds", f"{_DYNPOSE}: 68 frames at 12 a second")
CANDIDATE_S = Figure(
    8.5, "length of a clip that enters, seconds", "Panda-70M: 167 thousand hours in 70.7 million clips"
)

START_UP_S = Figure(3.5, "until a worker takes its first shard, seconds", "measured: docs/benchmarks.md (2 cores)")
BOOT_S = Figure(300.0, "until a node is up, image pulled, seconds; also of one that replaces a lost one", "guess")
LOSS_H = Figure(
    54 * 24 * (16_384 / 8) / 419,
    "hours of a node between losses",
    "Llama 3 (arXiv 2407.21783): 419 unexpected interruptions of 2,048 nodes of 8 GPUs in 54 days",
)
RAFT_S = Figure(
    0.1 * (320 * 180) / (1088 * 436),
    "GPU seconds of RAFT a pair of pictures of 320x180",
    "RAFT (arXiv 2003.12039): 10 a second at 1088x436, 12 updates, 1080 Ti; in proportion to pixels: guess",
)
RAFT_PAIRS = Figure(3.0, "pairs a sampled frame", "the code: 2, and 1 more where things are slow")
LEARNED_S = Figure(
    2.0,
    "GPU seconds a clip of a learned specialist (detector, tracker) at the end of the filter",
    "guess; there is none in the code",
)
FPS = Figure(12.0, "sampled frames a second", "conf/")
SHARD = Figure(256, "clips of a shard at the most", "conf/")
POSE_SHARD = Figure(32, "the same in the pose phase", "conf/phase/pose.yaml")

ALL = (
    *(CANDIDATES, FILTER_PASSES, POSE_PASSES, POSED_S, CANDIDATE_S, START_UP_S, BOOT_S, LOSS_H),
    *(RAFT_S, RAFT_PAIRS, LEARNED_S, FPS, SHARD, POSE_SHARD),
)
