#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Formats every Swift, C and C++ file of the repository, by .swift-format and .clang-format.
#
#   Scripts/format.sh            rewrites the files
#   Scripts/format.sh --check    changes nothing, and fails where a file is not formatted or breaks a rule of swift-format
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Files of the repository: hidden folders, which hold build products, are left out. $@: an expression of find.
files() { find . -name '.?*' -prune -o -type f \( "$@" \) -print0 | sort -z; }
swift_files() { files -name '*.swift'; }
c_files() { files -name '*.c' -o -name '*.cpp' -o -name '*.h'; }

swift=${SWIFT:-swift}
clang_format=$(Scripts/clang_format.sh)
if [ "${1:-}" = --check ]; then
    status=0
    swift_files | xargs -0 "$swift" format lint --strict --parallel || status=1
    c_files | xargs -0 "$clang_format" --dry-run -Werror || status=1
    [ "$status" -eq 0 ] || echo "format: the files above are not formatted; run 'make format' and look at the rest." >&2
    exit "$status"
fi
swift_files | xargs -0 "$swift" format --in-place --parallel
c_files | xargs -0 "$clang_format" -i
