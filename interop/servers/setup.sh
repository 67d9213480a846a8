#!/bin/sh
# setup.sh [authlib] [oauth1-oauthlib] [oidc-provider] [browser] -- installs what these need, pinned, into interop/.run and their node_modules.
# Does nothing for what is there already. Needs python3 with venv, and the PyPI and npm registries.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/env.sh"
set -eu
if command -v flock >/dev/null 2>&1; then
    exec 9>"$run/setup.lock"
    flock 9
fi

is_fresh() { [ -f "$1" ] && [ "$(cat "$1")" = "$(cksum <"$2")" ]; }

install_python() { # NAME REQUIREMENTS
    stamp=$run/venv/installed-$1
    if is_fresh "$stamp" "$2"; then return; fi
    "$python" -c '' 2>/dev/null || python3 -m venv --clear "$run/venv"
    "$python" -m pip install --quiet --disable-pip-version-check --requirement "$2" >&2
    cksum <"$2" >"$stamp"
}

install_node() { # FOLDER
    if [ -z "${NODE:-}" ] && ! system_node; then install_python node "$servers/requirements-node.txt"; fi
    stamp=$servers/$1/node_modules/.installed
    if is_fresh "$stamp" "$servers/$1/package-lock.json"; then return; fi
    find_node
    if [ "$node" = node ]; then
        (cd "$servers/$1" && npm ci --no-audit --no-fund --loglevel=error >&2)
    else
        cli=$(dirname "$node")/../lib/node_modules/npm/bin/npm-cli.js
        (cd "$servers/$1" && PATH="$(dirname "$node"):$PATH" "$node" "$cli" ci --no-audit --no-fund --loglevel=error >&2)
    fi
    cksum <"$servers/$1/package-lock.json" >"$stamp"
}

# The Python servers share one environment.
twice=$(sort -u "$servers"/*/requirements.txt "$servers/requirements-node.txt" | sed 's/==.*//' | uniq -d)
[ -z "$twice" ] || { echo "setup.sh: pinned in two versions:" $twice >&2; exit 1; }

[ $# -gt 0 ] || set -- authlib oauth1-oauthlib oidc-provider browser
for part in "$@"; do
    case $part in
    authlib | oauth1-oauthlib) install_python "$part" "$servers/$part/requirements.txt" ;;
    oidc-provider | browser) install_node "$part" ;;
    glewlwyd) ;;
    *) echo "setup.sh: unknown: $part" >&2; exit 2 ;;
    esac
done
