#!/bin/sh
# ./start.sh PORT [STATE_DIR] -- prints "ready" when up, stops on SIGTERM.
# Needs the Debian packages glewlwyd, sqlite3 and openssl, and python3 for the set-up.
# ACCESS_TOKEN_LIFETIME (seconds, 3) is that of the issuer /api/short; the tokens of /api/oidc live ten minutes.
# REDIRECT_PORTS ("9999 9998") are the loopback ports a client may be called back on, since Glewlwyd compares redirect URIs to the letter.
# NOTIFICATION_PORT (9997) is where backchannel notifications go: the clients ciba-ping and ciba-push get them.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../env.sh"
port=${1:-9010}
state=${2:-$run/state/glewlwyd}
mkdir -p "$state" && rm -f "$state/glewlwyd.db" && state=$(cd "$state" && pwd) || exit 1
sqlite3 "$state/glewlwyd.db" </usr/share/dbconfig-common/data/glewlwyd/install/sqlite3 || exit 1
sed -e "s|@PORT@|$port|g" -e "s|@STATE@|$state|g" "$here/glewlwyd.conf.in" > "$state/glewlwyd.conf"
glewlwyd --config-file="$state/glewlwyd.conf" >&2 &
pid=$!
trap 'kill $pid 2>/dev/null; wait $pid; exit 0' TERM INT
python3 "$here/setup.py" "$port" "$state" >&2 && kill -0 $pid && echo ready || { kill $pid; wait $pid; exit 1; }
wait $pid
