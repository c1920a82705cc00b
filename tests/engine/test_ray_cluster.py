"""A Ray of our own on this machine: who can reach it."""

import json
import subprocess
import sys

from tests.conftest import ROOT

LISTENERS = """
import json, os, psutil, ray
from factory.engine.ray_cluster import Room, connect

connect(Room(1, 0.5))

@ray.remote
class Worker:
    def ready(self):
        return True

worker = Worker.remote()
ray.get(worker.ready.remote())
processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
sockets = [(c.laddr.ip, p.name()) for p in processes for c in p.net_connections("tcp") if c.status == "LISTEN"]
print(json.dumps({
    "sockets": sockets,
    "mode": os.environ.get("RAY_AUTH_MODE"),
    "left behind": os.environ.get("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"),
}))
"""


def test_a_ray_on_this_machine_listens_to_this_machine_alone_and_asks_for_a_token():
    done = subprocess.run([sys.executable, "-c", LISTENERS], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert len(told["sockets"]) > 5, "Ray's processes were not found"
    assert [where for where in told["sockets"] if where[0].removeprefix("::ffff:") not in ("127.0.0.1", "::1")] == []
    assert told["mode"] == "token"
    assert told["left behind"] is None
