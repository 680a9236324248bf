#!/bin/sh
# serve_and_call.sh APPCTL ACTION VALUE DAEMON [FLAG]...
# Starts the daemon on a free port, calls the action once, prints the result alone, ends the daemon.
set -eu
appctl=$1 action=$2 value=$3
shift 3

ready=$(mktemp -u)
mkfifo "$ready"
"$@" --listen app://127.0.0.1:0 --threads 1 --log-level error >"$ready" &
daemon=$!
trap 'kill "$daemon" 2>/dev/null || true; rm -f "$ready"' EXIT
read -r line <"$ready"   # ends when the daemon does
"$appctl" --server "${line#listening on }" "$action" "$value"
kill "$daemon"
wait "$daemon"
