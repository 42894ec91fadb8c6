#!/usr/bin/env bash
# Make .venv hold what a lock file names: scripts/ensure_venv.sh requirements.txt
#
# A stamp, a copy of the lock under the name of this folder, is written only after pip has ended
# well; with a fresh stamp nothing is done and no network is needed. An interrupted install leaves
# no stamp, and an environment that no longer runs is made anew.
set -euo pipefail
cd "$(dirname "$0")/.."

lock="$1"
venv="${VENV:-.venv}"
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX

stamp_of() { pwd && cat "$1"; }
runs() { "$venv/bin/python" -c 'import pip' >/dev/null 2>&1; }

if runs && stamp_of "$lock" | cmp -s - "$venv/.installed-$lock"; then exit 0; fi

if ! runs; then
    python="$(scripts/find_python.sh)"
    echo "Creating $venv with $python"
    "$python" -m venv --clear "$venv"
fi
rm -f "$venv"/.installed-*
quiet=(--quiet)
if [ -t 1 ]; then quiet=(--progress-bar on); fi
echo "Installing $lock into $venv (the first time: some 2 GB, a few minutes)"
if ! "$venv/bin/python" -m pip install --disable-pip-version-check "${quiet[@]}" -r "$lock"; then
    echo "Installing $lock failed, as pip says above; check the network and the disk, then run the same command again." >&2
    exit 1
fi
for covered in requirements*.txt; do
    # The dev lock holds every line of the other, which then needs no install of its own.
    if ! grep -qvxFf "$lock" "$covered"; then
        stamp_of "$covered" >"$venv/.part"
        mv "$venv/.part" "$venv/.installed-$covered"
    fi
done
