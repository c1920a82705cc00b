"""What workers and the driver tell Prometheus through Ray. Dashboards and alerts rely on these names.

Ray puts `ray_` before each name, and `_total` behind a counter's (tried with Ray 2.60).
"""

from collections.abc import Callable
from typing import Any

from factory.engine.in_flight import InFlight
from factory.engine.work import UnitReport

# name: (kind, labels, meaning)
NAMES = {
    "factory_clips_in": ("counter", ("phase",), "units (sources, clips) that entered the phase"),
    "factory_clips": ("counter", ("phase", "status"), "rows that left it, by status"),
    "factory_stage_seconds": ("counter", ("phase", "stage"), "wall seconds of each stage, summed over workers"),
    "factory_cpu_seconds": ("counter", ("phase",), "CPU seconds of the workers"),
    "factory_gpu_seconds": ("counter", ("phase",), "seconds that models on cards were busy"),
    "factory_model_seconds": ("counter", ("phase", "model"), "seconds that each model was busy"),
    "factory_queue": ("gauge", ("phase",), "units not yet done"),
    "factory_oldest_in_flight_s": ("gauge", ("phase",), "seconds since the oldest item in flight began"),
}


def reporter(phase: str) -> Callable[[UnitReport], None]:
    """For a worker: counts what each unit came to."""
    counters = {name: _made(name) for name, (kind, _, _) in NAMES.items() if kind == "counter"}

    def count(name: str, value: float, **labels: str) -> None:
        if value > 0:
            counters[name].inc(value, {"phase": phase, **labels})

    def tell(report: UnitReport) -> None:
        count("factory_clips_in", 1)
        for status in report.statuses:
            count("factory_clips", 1, status=status)
        for stage, seconds in report.seconds:
            count("factory_stage_seconds", seconds, stage=stage)
        count("factory_cpu_seconds", report.cpu_s)
        count("factory_gpu_seconds", report.gpu_s)
        for model, seconds in report.model_s:
            count("factory_model_seconds", seconds, model=model)

    return tell


def queue_gauge(phase: str) -> Callable[[int, InFlight | None], None]:
    """For the driver: what is left, and how old the oldest item in flight is."""
    left, age = _made("factory_queue"), _made("factory_oldest_in_flight_s")

    def tell(queue: int, oldest: InFlight | None) -> None:
        left.set(queue, {"phase": phase})
        age.set(0.0 if oldest is None else oldest.seconds, {"phase": phase})

    return tell


def _made(name: str) -> Any:
    from ray.util.metrics import Counter, Gauge

    kind, labels, meaning = NAMES[name]
    return (Counter if kind == "counter" else Gauge)(name, description=meaning, tag_keys=labels)
