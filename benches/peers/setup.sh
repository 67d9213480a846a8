#!/bin/sh
# setup.sh -- installs the peers in other languages, pinned, into interop/.run (or $INTEROP_RUN), and prints what the bench needs to
# find them, as NAME=VALUE. Does nothing for what is there already. Needs python3 with venv, and the PyPI and npm registries. What
# can't be installed is left out, and told by the exit status.
peers=$(cd "$(dirname "$0")" && pwd)
here=$peers/../../interop/servers
. "$here/env.sh"
into=$run/peers
missing=0

is_fresh() { [ -f "$1" ] && [ "$(cat "$1")" = "$(cksum <"$2")" ]; }

venv() { # FOLDER
    "$1/bin/python" -c '' 2>/dev/null || python3 -m venv --clear "$1" >&2
}

install_python() {
    lock=$peers/requests_oauth2client/requirements.txt
    if is_fresh "$into/venv/installed" "$lock"; then return; fi
    venv "$into/venv" &&
        "$into/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock" >&2 &&
        cksum <"$lock" >"$into/venv/installed"
}

install_node() {
    if [ -z "${NODE:-}" ] && ! system_node && ! wheel_node; then
        venv "$run/venv" && "$python" -m pip install --quiet --disable-pip-version-check \
            --requirement "$servers/requirements-node.txt" >&2 || return 1
    fi
    find_node || return 1
    lock=$peers/openid-client/package-lock.json
    stamp=$into/openid-client/node_modules/.installed
    if is_fresh "$stamp" "$lock"; then return; fi
    mkdir -p "$into/openid-client" && cp "$peers/openid-client/package.json" "$lock" "$into/openid-client/" || return 1
    if [ "$node" = node ]; then npm=npm
    else npm="$node $(dirname "$node")/../lib/node_modules/npm/bin/npm-cli.js"
    fi
    # Two words where it is a script and what runs it.
    # shellcheck disable=SC2086
    (cd "$into/openid-client" && PATH="$(dirname "$node"):$PATH" $npm ci --no-audit --no-fund --loglevel=error >&2) &&
        cksum <"$lock" >"$stamp"
}

mkdir -p "$into" || exit 1
for peer in openid-client requests_oauth2client; do
    mkdir -p "$into/$peer" && cp "$peers/$peer"/rows.* "$into/$peer/" || exit 1
done
echo "BENCH_PEERS=$into"
if install_node; then echo "BENCH_NODE=$node"
else echo "openid-client could not be installed" >&2; missing=1
fi
if install_python; then echo "BENCH_PYTHON=$into/venv/bin/python"
else echo "requests_oauth2client could not be installed" >&2; missing=1
fi
exit $missing
