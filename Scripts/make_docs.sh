#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the reference of SutureKit as a folder of web pages, with the DocC of the Swift toolchain.
#
#   Scripts/make_docs.sh [FOLDER]   the folder to write; without it, .build/docs
#
# The package needs no plugin for this, so nobody who depends on it resolves one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

swift=${SWIFT:-swift}
output=${1:-.build/docs}
tools=$(dirname "$(readlink -f "$(command -v "$swift")")")
for tool in docc swift-symbolgraph-extract; do
    [ -x "$tools/$tool" ] || {
        echo "make_docs: the Swift toolchain in $tools has no '$tool'; install a whole toolchain from swift.org." >&2
        exit 2
    }
done

"$swift" build --target SutureKit
modules=$("$swift" build --show-bin-path)/Modules
target=$("$swift" -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["target"]["triple"])')
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$tools/swift-symbolgraph-extract" -module-name SutureKit -target "$target" -I "$modules" -I Sources/CSuture/include \
    -minimum-access-level public -skip-inherited-docs -output-dir "$scratch"
rm -rf "$output"
mkdir -p "$(dirname "$output")"
"$tools/docc" convert --additional-symbol-graph-dir "$scratch" --fallback-display-name SutureKit \
    --fallback-bundle-identifier org.suture.SutureKit --transform-for-static-hosting --hosting-base-path / \
    --output-path "$output"
echo "The reference of SutureKit is in $output. To read it: python3 -m http.server --directory $output,"
echo "then open http://localhost:8000/documentation/suturekit in a browser."
