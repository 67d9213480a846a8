#!/bin/sh
# browser.sh URL -- a browser for $BROWSER, in which a person logs in and agrees; see login.mjs for the variables.
# BROWSER_LOG takes its output, since whoever opens a browser tends to throw that away: FILE for data, FILE.err for the rest.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../env.sh"
if [ -n "${BROWSER_LOG:-}" ]; then exec >"$BROWSER_LOG" 2>"$BROWSER_LOG.err"; fi
sh "$servers/setup.sh" browser || exit 1
find_node || exit 1
exec "$node" "$here/login.mjs" "$@"
