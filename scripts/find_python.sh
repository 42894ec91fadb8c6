#!/usr/bin/env bash
# Print the path of a Python that can make the environment: 3.11 to 3.13, with venv and ensurepip.
#
# Each candidate is run, since a name on the PATH may be a shim for a Python that is not there.
# PYTHON names one candidate and excludes the others. Exit 1 and one line when none will do.
set -u

check='import sys, venv, ensurepip
print(sys.executable) if (3, 11) <= sys.version_info < (3, 14) else sys.exit(3)'
candidates=(python3 python3.13 python3.12 python3.11 python)
[ -n "${PYTHON:-}" ] && candidates=("$PYTHON")
unset PYTHONPATH PYTHONHOME

found="none"
for candidate in "${candidates[@]}"; do
    version="$("$candidate" -c 'import platform; print(platform.python_version())' 2>/dev/null)" ||
        continue
    path="$("$candidate" -c "$check" 2>/dev/null)"
    case $? in
        0) echo "$path"; exit 0 ;;
        3) [ "$found" = none ] && found="only Python $version" ;;
        *) case "$version" in
               3.1[123].*) found="Python $version without venv (on Debian and Ubuntu: apt install python3-venv)" ;;
           esac ;;
    esac
done
echo "Expected Python 3.11, 3.12 or 3.13 with venv, found $found; install one or name it, as in: make app PYTHON=python3.12" >&2
exit 1
