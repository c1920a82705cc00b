#!/usr/bin/env bash
# An S3 server on 127.0.0.1 for tests and trials: OpenStack Swift with its S3 API, five ordinary processes.
#
#   start.sh start DIR PORT     serves the data in DIR (made when absent), returns when it answers
#   start.sh stop DIR           ends it; what is left after 10 s is killed
#   start.sh kill DIR           SIGKILL to all processes at once, as in a crash; `start` brings the data back
#   start.sh status DIR         one line a process; exit status 0 when all run
#   start.sh install VENV       Swift in a virtual environment, to be named by SWIFT_VENV
#
# S3 is on PORT; PORT+1 to PORT+3 must be free too. DIR/s3.env then holds the keys and the endpoint.
# SWIFT_VENV: a virtual environment that has Swift; without it DIR/venv is made. PYTHON makes it (default python3).
set -euo pipefail

# The version all of this was tried with. Older ones (2.30, Debian 12) answer NotImplemented to aws-chunked bodies.
SWIFT=swift==2.38.3
# In the order of their end: once the proxy is gone nothing is acknowledged any more. An object acknowledged while the
# container server was already gone would be missing from listings until the updater has come round.
PROCESSES=(proxy updater object container account)
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() { echo "$*" >&2; exit 1; }
usage() { sed -n '3,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

# One installer at a time. The lock file, which stays, also tells that the folder is ours to make anew: one without
# the stamp was interrupted half-way. Bodies in ( ) are subshells: they keep the lock out of the servers.
install_swift() (
  [ ! -e "$1" ] || [ -e "$1.lock" ] || fail "$1 is there already and was not made here: name a folder that is not."
  mkdir -p "$(dirname "$1")"
  exec 9>"$1.lock"
  flock 9
  [ "$(cat "$1/.installed" 2>/dev/null)" != $SWIFT ] || exit 0
  rm -rf "$1"
  "${PYTHON:-python3}" -m venv "$1" && "$1/bin/python" -m pip install --quiet --disable-pip-version-check $SWIFT ||
    fail "$SWIFT cannot be installed into $1: fix what pip reports above, or name an environment that has it in SWIFT_VENV."
  echo $SWIFT >"$1/.installed"
)

# The pid in a file counts only while that process still runs a configuration of this folder: pids are used again.
running() {
  local pid
  pid=$(cat "$DIR/run/$1.pid" 2>/dev/null) || return 1
  { tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF " $DIR/etc "; } 2>/dev/null && echo "$pid"
}

any_running() { for p in "${PROCESSES[@]}"; do running "$p" >/dev/null && return; done; return 1; }

send() {
  local pids=()
  for p in "${PROCESSES[@]}"; do ! pid=$(running "$p") || pids+=("$pid"); done
  [ ${#pids[@]} = 0 ] || kill "-$1" "${pids[@]}" 2>/dev/null || true
}

wait_gone() { for ((i = 0; i < $1; i++)); do any_running || return 0; sleep 0.1; done; return 1; }

stop() { send TERM; wait_gone 100 || crash; }

crash() { send KILL; wait_gone 50 || fail "processes of $DIR outlive SIGKILL: see start.sh status $DIR."; }

status() {
  local all=0
  for p in "${PROCESSES[@]}"; do
    if pid=$(running "$p"); then echo "$p runs, pid $pid"; else echo "$p is down"; all=1; fi
  done
  return $all
}

start() {
  any_running && fail "a server runs over $DIR already: stop it first."
  local venv=${SWIFT_VENV:-$DIR/venv}
  [ -n "${SWIFT_VENV:-}" ] || install_swift "$venv"
  "$venv/bin/python" -c 'import swift' ||
    fail "$venv cannot be used (why, stands above): start.sh install VENV makes one that has Swift."
  umask 077
  mkdir -p "$DIR/run" "$DIR/etc" "$DIR/log" "$DIR/data/d1"
  "$venv/bin/python" "$HERE/node.py" prepare "$DIR" "$PORT"
  for p in "${PROCESSES[@]}"; do
    setsid "$venv/bin/python" "$HERE/node.py" serve "$DIR/etc" "$p" >>"$DIR/log/$p.log" 2>&1 </dev/null &
    echo $! >"$DIR/run/$p.pid"
  done
  "$venv/bin/python" "$HERE/node.py" wait "$DIR" "$PORT" || { crash; exit 1; }
  echo "S3 on http://127.0.0.1:$PORT, keys in $DIR/s3.env"
}

case "${1:-} $#" in
  "install 2") install_swift "$2"; exit ;;
  "start 3") mkdir -p "$2" && PORT=$3 ;;
  "stop 2" | "kill 2" | "status 2") [ -d "$2" ] || fail "there is no folder $2: give the one that start was given." ;;
  *) usage ;;
esac
DIR=$(cd "$2" && pwd)
case $1 in
  kill) crash ;;
  *) "$1" ;;
esac
