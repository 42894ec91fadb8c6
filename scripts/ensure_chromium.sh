#!/usr/bin/env bash
# Print the path of a Chromium that runs; install the system's package where that is possible.
#
# The browser tests drive it. CHROMIUM names one and excludes the others. The one system package
# the project needs, and only for its tests, is declared here.
set -uo pipefail

packages=(chromium)
candidates=(
    chromium chromium-browser google-chrome google-chrome-stable
    "/Applications/Chromium.app/Contents/MacOS/Chromium"
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
)

# Run each: a name on the PATH may be a stub that only says what to install.
print_first_that_runs() {
    local candidate path
    for candidate in "$@"; do
        path="$(command -v "$candidate")" || continue
        if "$path" --version >/dev/null 2>&1; then
            echo "$path"
            return 0
        fi
    done
    return 1
}

missing() {
    echo "Expected a Chromium for the browser tests, found $1; install Chromium or Google Chrome, or name one, as in: make test CHROMIUM=/path/to/chromium" >&2
    exit 1
}

if [ -n "${CHROMIUM:-}" ]; then
    print_first_that_runs "$CHROMIUM" || missing "$CHROMIUM that does not run"
    exit 0
fi
print_first_that_runs "${candidates[@]}" && exit 0

command -v apt-get >/dev/null || missing "none"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || missing "none and no right to install one"
    as_root=(sudo -n)
fi
echo "Installing the system package ${packages[*]}" >&2
{
    ${as_root[@]+"${as_root[@]}"} apt-get update -qq &&
        ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${packages[@]}"
} >&2 || missing "none, and apt-get could not install one (its error is above)"
print_first_that_runs "${candidates[@]}" || missing "none after apt-get install ${packages[*]}"
