#!/usr/bin/env bash
# Write requirements.txt and requirements-dev.txt anew, for Python 3.11 to 3.13: every
# version of what the app needs, and of that and what the tests need.
#
# torch is locked without its CUDA packages (pyproject.toml says which it needs everywhere): the
# build that pip finds, CPU or CUDA, then brings its own. No hashes, for the same reason.
# Versions already locked stay; `scripts/lock.sh --upgrade` moves them up.
set -euo pipefail
cd "$(dirname "$0")/.."

python="${PYTHON:-.venv/bin/python}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

compile() {
    local lock="$1"
    shift
    # Known versions guide the resolution; the editable package itself is no version.
    if [ -f "$lock" ]; then grep -v '^-e ' "$lock" >"$work/$lock"; fi
    "$python" -m uv pip compile pyproject.toml --quiet \
        --universal --python-version 3.11 --fork-strategy fewest \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
        --output-file "$work/$lock" "$@" >/dev/null
}

install_lock() {
    {
        echo "# Made by scripts/lock.sh (make lock); do not edit."
        cat "$work/$1"
        echo "-e ."
    } >"$1"
}

compile requirements.txt "$@"
compile requirements-dev.txt --extra dev --constraint "$work/requirements.txt" "$@"
install_lock requirements.txt
install_lock requirements-dev.txt
