#!/bin/sh
# ./start.sh PORT [STATE_DIR] -- prints "ready" when up, stops on SIGTERM.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../env.sh"
sh "$servers/setup.sh" oauth1-oauthlib || exit 1
exec env PYTHONDONTWRITEBYTECODE=1 "$python" "$here/server.py" "${1:-9020}" "${2:-$run/state/oauth1-oauthlib}"
