#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints the path of clang-format in the one version whose output counts; another version formats differently. Where the
# version in PATH is another one, the wheel from PyPI is unpacked into .deps/tools once.
#
# Exit status: 0 with the path on stdout; 2 with one sentence on stderr.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=23.1.5
tools=.deps/tools/clang-format-$version

stop() {
    printf 'clang_format: %s\n' "$1" >&2
    exit 2
}

fits() { [ "$("$1" --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')" = "$version" ]; }

found=$(command -v clang-format || true)
if [ -z "$found" ] || ! fits "$found"; then
    found=$PWD/$tools/clang_format/data/bin/clang-format
    if ! fits "$found"; then
        python3 -m pip --version >/dev/null 2>&1 ||
            stop "Python's 'pip' is missing; install it (Debian, Ubuntu: apt-get install python3-pip)."
        python3 -m pip install --quiet --upgrade --target "$tools" "clang-format==$version" >&2 ||
            stop "pip could not install clang-format $version; read its message above and try again."
        fits "$found" ||
            stop "The wheel of clang-format $version holds no program for this machine; put that version in PATH."
    fi
fi
printf '%s\n' "$found"
