#!/bin/sh
# ./start.sh PORT [STATE_DIR] -- prints "ready" when up, stops on SIGTERM.
# ACCESS_TOKEN_LIFETIME (seconds, 3) is that of the clients whose name starts with "short"; the others' tokens live ten minutes.
# NOTIFICATION_PORT, where given, is where backchannel notifications go: the client ciba-ping gets them.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../env.sh"
sh "$servers/setup.sh" oidc-provider || exit 1
find_node || exit 1
exec "$node" "$here/server.mjs" "${1:-9000}" "${2:-$run/state/oidc-provider}"
