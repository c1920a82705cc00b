"""The inside of start.sh, run with the Python that has Swift.

node.py prepare DIR PORT     writes configuration, rings and keys; checks what would fail later without a word
node.py serve ETC PROCESS    becomes one of the five processes
node.py wait DIR PORT        returns when all answer
"""

import configparser
import http.client
import importlib
import os
import pwd
import secrets
import socket
import sys
import time
from pathlib import Path

Sections = dict[str, dict[str, object]]

STORES = ("object", "container", "account")  # on PORT+1, PORT+2, PORT+3
MODULES = {"proxy": "swift.proxy.server", "object": "swift.obj.server", "updater": "swift.obj.updater"}
CONFIGS = {"updater": "object"}
FILTERS: Sections = {  # in the order a request passes them
    **{name: {} for name in ("catch_errors", "gatekeeper", "healthcheck", "listing_formats")},
    "s3api": {"location": "us-east-1", "max_upload_part_num": 10000},
    "tempauth": {},
    "copy": {},
    "slo": {"max_manifest_segments": 10000},
    "dlo": {},
    "versioned_writes": {"allow_object_versioning": "true"},
    "symlink": {},
}


def prepare(folder: Path, port: int) -> None:
    try:
        os.setxattr(folder / "data", "user.probe", b"x" * 2000)
    except OSError as error:
        sys.exit(f"{folder} cannot hold extended attributes ({error.strerror}): choose a folder on ext4 or xfs.")
    for number in range(port, port + 4):  # Swift would share a taken port without a word
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                sys.exit(f"port {number} is taken: give a PORT that is free with the three after it.")
    write_rings(folder, port)
    write_configs(folder, port, keep_secret(folder, port))


def write_rings(folder: Path, port: int) -> None:
    """Rings of one device and one replica; made again, they are the same."""
    from swift.common.ring import RingBuilder

    for offset, name in enumerate(STORES, 1):
        address = {"ip": "127.0.0.1", "port": port + offset}
        replication = {"replication_" + key: value for key, value in address.items()}
        builder = RingBuilder(6, 1, 0)
        builder.add_dev(
            {"id": 0, "region": 1, "zone": 1, "device": "d1", "weight": 1.0, "meta": "", **address, **replication}
        )
        builder.rebalance()
        builder.get_ring().save(str(folder / "etc" / f"{name}.ring.gz"))


def keep_secret(folder: Path, port: int) -> str:
    """The folder's secret key, made at the first start, in a file of the variables that S3 clients read."""
    path = folder / "s3.env"
    known = dict(line.split("=", 1) for line in path.read_text().splitlines()) if path.exists() else {}
    env = {
        "AWS_ACCESS_KEY_ID": "test:tester",
        "AWS_SECRET_ACCESS_KEY": known.get("AWS_SECRET_ACCESS_KEY") or secrets.token_hex(20),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
    }
    path.write_text("".join(f"{name}={value}\n" for name, value in env.items()))
    return env["AWS_SECRET_ACCESS_KEY"]


def write_configs(folder: Path, port: int, secret: str) -> None:
    etc = folder / "etc"
    common: dict[str, object] = {
        "bind_ip": "127.0.0.1",
        "user": user_name(),
        "workers": 0,  # one process a server: its pid is all of it; more were no faster on two cores
        "swift_dir": etc,
        "devices": folder / "data",
        "mount_check": "false",
        "fallocate_reserve": 0,
        "conn_timeout": 10,
        "node_timeout": 60,
        "log_level": "WARNING",
        "log_address": folder / "run" / "no-syslog",
    }
    # The hash values place every object on disk: another value loses the data of an existing folder.
    hashes = {"swift_hash_path_prefix": "s3dev", "swift_hash_path_suffix": "s3dev"}
    # S3 takes 2 kB of metadata, Swift 256 bytes unless told
    write_ini(etc / "swift.conf", {"swift-hash": hashes, "swift-constraints": {"max_meta_value_length": 2048}})
    for offset, name in enumerate(STORES, 1):
        sections: Sections = {
            "DEFAULT": {**common, "bind_port": port + offset, "container_update_timeout": 10},
            "pipeline:main": {"pipeline": f"healthcheck {name}-server"},
            "filter:healthcheck": {"use": "egg:swift#healthcheck"},
            f"app:{name}-server": {"use": f"egg:swift#{name}"},
        }
        if name == "object":  # adds to the listing what could not be added at the time of the write
            recon = folder / "run"
            sections["object-updater"] = {"interval": 2, "objects_per_second": 1000, "recon_cache_path": recon}
        write_ini(etc / f"{name}.conf", sections)
    filters = {**FILTERS, "tempauth": {"user_test_tester": f"{secret} .admin"}}
    proxy: Sections = {
        "DEFAULT": {**common, "bind_port": port},
        "pipeline:main": {"pipeline": " ".join([*filters, "proxy-server"])},
        "app:proxy-server": {
            "use": "egg:swift#proxy",
            "account_autocreate": "true",
            "error_suppression_limit": 1000000,  # the only replica must not be set aside for a minute after errors
        },
        **{f"filter:{name}": {"use": f"egg:swift#{name}", **options} for name, options in filters.items()},
    }
    write_ini(etc / "proxy.conf", proxy)


def user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        sys.exit(f"user {os.getuid()} has no name: Swift looks its user up in /etc/passwd, add a line there.")


def write_ini(path: Path, sections: Sections) -> None:
    parser = configparser.RawConfigParser()
    parser.read_dict(sections)
    with path.open("w") as file:
        parser.write(file)


def serve(etc: str, process: str) -> None:
    """Runs a process. swift.conf is looked for in /etc unless its place is set before Swift's modules are imported."""
    from swift.common.utils import set_swift_dir

    set_swift_dir(etc)
    sys.argv = [process, f"{etc}/{CONFIGS.get(process, process)}.conf", "-v"]
    importlib.import_module(MODULES.get(process, f"swift.{process}.server")).main()


def wait(folder: Path, port: int) -> None:
    """Until all four ports answer; ends with a sentence when a process dies or four minutes have passed."""
    pids = {path.stem: int(path.read_text()) for path in (folder / "run").glob("*.pid")}
    end_s = time.monotonic() + 240
    for number in range(port, port + 4):
        while not answers(number):
            for name, pid in pids.items():
                if not cmdline(pid) or time.monotonic() > end_s:
                    log = folder / "log" / f"{name}.log"
                    sys.exit(f"Swift's {name} process did not come up: read {log}\n{log.read_text()[-2000:]}")
            time.sleep(0.05)


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthcheck")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def cmdline(pid: int) -> bytes:
    """Empty when the process is gone, also when nobody has collected it yet."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["prepare", folder, port]:
            prepare(Path(folder), int(port))
        case ["serve", etc, process]:
            serve(etc, process)
        case ["wait", folder, port]:
            wait(Path(folder), int(port))
        case _:
            sys.exit(__doc__)
