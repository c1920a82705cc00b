"""A cluster on this machine, with its job server: runs until its standard input closes.

    python -m tests.deploy.cluster WORKERS     a head without CPUs and so many workers with one each; 0: a head with two

Nodes on one machine share the folder that a job's code lies in, and one may tidy it away while another runs on it: jobs
are sent to a head alone.

A process of its own, because Ray reads the token from the environment once, and so that it ends when a test dies.
"""

import json
import os
import socket
import sys
import tempfile

from ray.cluster_utils import Cluster

NODE_BYTES = 80 * 2**20  # object store; Ray's least is 75 MiB


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(workers: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as folder:  # short: socket paths have 107 bytes
        os.environ["RAY_TMPDIR"] = folder  # where Ray also notes the latest cluster for everybody on this machine
        port = free_port()
        cluster = Cluster()
        head = {"include_dashboard": True, "dashboard_host": "127.0.0.1", "dashboard_port": port}
        cluster.add_node(
            num_cpus=0 if workers else 2, object_store_memory=NODE_BYTES, dashboard_agent_listen_port=0, **head
        )
        try:
            for _ in range(workers):
                cluster.add_node(num_cpus=1, object_store_memory=NODE_BYTES)
            print(json.dumps({"job_server": f"http://127.0.0.1:{port}", "address": cluster.address}), flush=True)
            sys.stdin.read()
        finally:
            cluster.shutdown()


if __name__ == "__main__":
    os.environ["RAY_BACKEND_LOG_LEVEL"] = "fatal"
    main(int(sys.argv[1]))
