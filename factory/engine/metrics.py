"""What a run tells Prometheus through Ray. Dashboards and alerts rely on these names.

Ray puts `ray_` before each name, and `_total` behind a counter's (tried with Ray 2.60).
"""

# name -> (kind, labels, meaning)
NAMES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "factory_clips_in": ("counter", ("phase",), "Units taken up: sources at ingest, clips later."),
    "factory_clips": ("counter", ("phase", "status"), "Rows written: ok, rejected or failed."),
    "factory_stage_seconds": ("counter", ("phase", "stage"), "Wall seconds spent in a stage."),
    "factory_cpu_seconds": ("counter", ("phase",), "CPU seconds spent."),
    "factory_gpu_seconds": ("counter", ("phase",), "Seconds for which a GPU, or a share of one, was held."),
    "factory_queue": ("gauge", ("phase",), "Units not yet done."),
    "factory_oldest_in_flight_s": ("gauge", ("phase",), "How long the oldest unit at work has been at it."),
}
