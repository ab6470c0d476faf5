#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the public headers by the strictest rules that a plugin's author may choose: gcc and clang; C11, C17, C++17
# and C++20; every warning an error. Each header is compiled alone, since an author may include one without the others,
# and all of them together, twice, since headers include each other.
#
# Exit status: 0 where all compile; 1 where some do not, with the compiler's messages on stderr; 2 where a compiler is
# missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

stop() {
    printf 'check_headers: %s\n' "$1" >&2
    exit 2
}

command -v gcc >/dev/null && command -v g++ >/dev/null ||
    stop "gcc and g++ are needed beside clang (Debian, Ubuntu: apt-get install g++)."
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
[ -x "$clang" ] || clang=$(command -v clang || true)
[ -n "$clang" ] || stop "clang was found neither beside swift nor in PATH; put the Swift toolchain's bin folder in PATH."

public=Sources/CSuture/include
mapfile -t headers < <(cd "$public" && find . -name '*.h' -printf '%P\n' | sort)
# Host side only, for the host's own languages; they must hold to the same rules.
mapfile -t host_headers < <(find Sources/*/include -name '*.h' -not -path "$public/*" | sort)
[ "${#headers[@]}" -gt 0 ] || stop "There is no header in $public."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
compiled=0 failed=0

# $1: what is compiled, for the message; stdin: the source text.
compile() {
    local text compiler standard language
    # C forbids a file without a declaration, and a header may hold macros alone.
    text=$(cat && echo 'typedef int check_headers;')
    for compiler in gcc "$clang"; do
        for standard in c11 c17 c++17 c++20; do
            case $standard in c++*) language=c++ ;; *) language=c ;; esac
            if printf '%s\n' "$text" | "$compiler" -x "$language" "-std=$standard" -Wall -Wextra -pedantic -Werror \
                -fsyntax-only -I "$public" -I Sources/CSutureHost/include - 2>"$scratch/log"; then
                compiled=$((compiled + 1))
            else
                failed=$((failed + 1))
                printf 'check_headers: %s does not compile as %s with %s:\n' \
                    "$1" "$standard" "$(basename "$compiler")" >&2
                cat "$scratch/log" >&2
            fi
        done
    done
}

for header in "${headers[@]}"; do
    compile "$header" <<<"#include <$header>"
done
compile "all headers together" < <(printf '#include <%s>\n' "${headers[@]}" "${headers[@]}")
for header in "${host_headers[@]}"; do
    compile "$header" <<<"#include \"$PWD/$header\""
done
[ "$failed" -eq 0 ] || exit 1
echo "$((${#headers[@]} + ${#host_headers[@]})) headers, alone and together: $compiled compilations without a warning."
