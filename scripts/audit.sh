#!/usr/bin/env bash
# Ask for known vulnerabilities of what a lock file names: scripts/audit.sh requirements.txt
#
# pip-audit gets an environment of its own, made once. A stamp holds the lock that was found clean,
# so that nothing is asked again for a week or until the lock changes. Where the package index
# cannot be reached the check is skipped and says so; AUDIT=no skips it too.
set -euo pipefail
cd "$(dirname "$0")/.."

lock="$1"
venv="${VENV:-.venv}"
own="$venv/audit"
stamp="$venv/.audited-$lock"
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV

skip() { echo "Known vulnerabilities of $lock: not checked ($1)"; exit 0; }

[ "${AUDIT:-yes}" != no ] || skip "AUDIT=no"
if [ -n "$(find "$stamp" -mtime -7 2>/dev/null)" ] && cmp -s "$lock" "$stamp"; then exit 0; fi

if ! "$own/bin/python" -c 'import pip_audit' >/dev/null 2>&1; then
    "$venv/bin/python" -m venv "$own" || skip "no environment for pip-audit"
    timeout 90 "$own/bin/python" -m pip install --quiet --disable-pip-version-check --retries 0 \
        --timeout 10 pip-audit >/dev/null 2>&1 || skip "pip-audit cannot be fetched"
fi

status=0
found="$(timeout 120 "$own/bin/python" -m pip_audit --progress-spinner off --disable-pip --no-deps \
    --timeout 10 --requirement "$lock" 2>&1)" || status=$?
if [ "$status" = 0 ]; then
    cp "$lock" "$stamp"
    echo "Known vulnerabilities of $lock: none"
elif grep -qE '^Found [0-9]+ known vulnerabilit' <<<"$found"; then
    echo "$found" >&2
    echo "Update what is named with scripts/lock.sh --upgrade, or AUDIT=no for this once." >&2
    exit 1
else
    skip "the index of vulnerabilities cannot be reached"
fi
