#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes this checkout ready to build: checks the tools, installs libffi's header where it is missing, and obtains
# libtorch. It may be run any number of times; what is there already is left alone.
#
#   LIBTORCH=FOLDER            use this libtorch (lib/libtorch_cpu.so, include/torch) and fetch nothing
#   SUTURE_TORCH_WHEEL=FILE    unpack this torch wheel in place of the one that pip finds
#
# Exit status: 0 ready; 2 something is missing, told in one sentence on stderr.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

torch_version=2.13.0

stop() {
    printf 'setup: %s\n' "$1" >&2
    exit 2
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Succeeds when a C++17 source text compiles and links. $1: the text; the rest: further arguments of the compiler.
compiles() {
    printf '%s\n' "$1" >"$scratch/probe.cpp"
    shift
    "$compiler" -std=c++17 "$scratch/probe.cpp" -o "$scratch/probe" "$@" >"$scratch/probe.log" 2>&1
}

command -v swift >/dev/null 2>&1 ||
    stop "The tool 'swift' is missing; install Swift 6.3 or newer from swift.org and put its bin folder in PATH."
command -v python3 >/dev/null 2>&1 ||
    stop "The tool 'python3' is missing; install it (Debian, Ubuntu: apt-get install python3 python3-pip)."

# The compiler that the Swift build uses is in the folder of swift itself.
compiler="$(dirname "$(readlink -f "$(command -v swift)")")/clang++"
[ -x "$compiler" ] || compiler=$(command -v clang++ || command -v g++ || true)
[ -n "$compiler" ] ||
    stop "A C++ compiler is missing; install clang or g++ (Debian, Ubuntu: apt-get install g++)."
compiles '#include <vector>
int main() { return static_cast<int>(std::vector<int>().size()); }' ||
    stop "$compiler cannot build a C++17 program; install a C++ library (Debian, Ubuntu: apt-get install g++)."

has_libffi() {
    compiles '#include <ffi.h>
int main() { ffi_cif cif; return ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 0, &ffi_type_void, nullptr); }' -lffi
}
if ! has_libffi; then
    command -v apt-get >/dev/null 2>&1 ||
        stop "The header ffi.h is missing; install the development package of libffi with your package manager."
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 ||
            stop "The header ffi.h is missing; ask an administrator to run: apt-get install libffi-dev"
        as_root=(sudo)
    fi
    echo "setup: installing libffi-dev."
    { ${as_root[@]+"${as_root[@]}"} apt-get update -qq &&
        ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libffi-dev; } >&2 ||
        stop "apt-get could not install libffi-dev; read its message above, install the package and try again."
    has_libffi || stop "libffi-dev is there, but a program with ffi.h does not build: $(tail -n 1 "$scratch/probe.log")"
fi

if [ -n "${LIBTORCH:-}" ]; then
    for part in lib/libtorch_cpu.so lib/libc10.so include/torch; do
        [ -e "$LIBTORCH/$part" ] ||
            stop "LIBTORCH is '$LIBTORCH', which holds no $part; name a libtorch folder, or unset it to fetch one."
    done
    echo "libtorch: using $LIBTORCH, as LIBTORCH says."
else
    [ "$(uname -s)" = Linux ] ||
        stop "libtorch is fetched on Linux only; set LIBTORCH to a libtorch folder made for this machine."
    python3 -m pip --version >/dev/null 2>&1 ||
        stop "Python's 'pip' is missing; install it (Debian, Ubuntu: apt-get install python3-pip), or set LIBTORCH."
    wheel=()
    [ -z "${SUTURE_TORCH_WHEEL:-}" ] || wheel=(--wheel "$SUTURE_TORCH_WHEEL")
    python3 Scripts/libtorch.py --version "$torch_version" --into .deps --compiler "$compiler" \
        ${wheel[@]+"${wheel[@]}"}
fi
echo "setup: ready. Next: make build, make test or make demo."
