#!/bin/sh
# ./start.sh PORT [STATE_DIR] -- prints "ready" when up, stops on SIGTERM.
# ACCESS_TOKEN_LIFETIME (seconds, 3) is that of the clients whose name starts with "short"; the others' tokens live ten minutes.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../env.sh"
sh "$servers/setup.sh" authlib || exit 1
exec env PYTHONDONTWRITEBYTECODE=1 "$python" "$here/server.py" "${1:-9030}" "${2:-$run/state/authlib}"
