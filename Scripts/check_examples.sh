#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the plugins of Examples/Plugins the way their authors would, each outside this package, and runs them in the host.
#
#   SUTURE=FILE   the host to run them in; without it, the debug build of this package, which is made first
#
# Exit status: 0 where all ran and left what they should; otherwise not 0, with a sentence on stderr.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

swift=${SWIFT:-swift}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

stop() {
    printf 'check_examples: %s\n' "$1" >&2
    exit 1
}

if [ -z "${SUTURE:-}" ]; then
    "$swift" build --product suture
    for plugin in locators evaluators; do "$swift" build --product "suture-$plugin"; done
    SUTURE=$("$swift" build --show-bin-path)/suture
fi

# Runs two facts of the bundled model. $1: the name of the run; $2: the plugin's library; the rest: overrides.
run() {
    local name=$1 library=$2
    shift 2
    "$SUTURE" run Examples/World/quickstart.yaml --plugin "$library" \
        "experiment=$name" "output.dir=$scratch/runs" dataset.limit=2 '~statistics' "$@" >"$scratch/$name.txt" ||
        stop "The run of the example '$name' failed; its message is above."
    ls "$scratch/runs/$name"*/DONE >/dev/null 2>&1 || stop "The run of the example '$name' left no DONE."
}

# $1: a component; $2: its library.
describe() {
    "$SUTURE" plugins info "$1" --plugin "$2" >"$scratch/info.txt" || stop "The host does not describe '$1'."
    grep -q "$1" "$scratch/info.txt" || stop "The host's description of '$1' does not name it."
}

# $1: the library; the rest: options.
check_laws() {
    "$SUTURE" plugins check "$@" >"$scratch/laws.txt" || {
        cat "$scratch/laws.txt" >&2
        stop "A component of $1 does not keep the laws of its kind."
    }
}

echo "The C plugin: Examples/Plugins/Damp."
for compiler in gcc "$(dirname "$(readlink -f "$(command -v swift)")")/clang"; do
    library=$scratch/libdamp.so
    "$compiler" -std=c11 -O2 -Wall -Wextra -pedantic -Werror -shared -fPIC -I Sources/CSuture/include \
        Examples/Plugins/Damp/damp.c -o "$library"
done
describe damp "$library"
check_laws "$library"
run damp "$library" 'method={name: damp, strength: 0.2}' 'locator={name: fixed-layers, layers: [1], site: neurons}'

# Builds a Swift package of Examples/Plugins. $1: its folder. Leaves the path of its library in `library`.
# The scratch path is its own, so that nothing is left in the example's folder.
package() {
    local name=${1,,}
    echo "The Swift package: Examples/Plugins/$1."
    "$swift" build --package-path "Examples/Plugins/$1" --scratch-path ".build/examples/$name"
    library=$("$swift" build --package-path "Examples/Plugins/$1" --scratch-path ".build/examples/$name" \
        --show-bin-path)/lib$name.so
}

# $1: the name of a run; $2: a figure that its table must show.
shows() {
    grep -q "$2" "$scratch/$1.txt" || stop "The table of the run '$1' lacks the example's figure, $2."
}

package Confidence
describe confidence "$library"
check_laws "$library"
run confidence "$library" 'method={name: damp, strength: 0.2}' "plugins=[$scratch/libdamp.so]" \
    'locator={name: fixed-layers, layers: [1], site: neurons}' 'evaluators=[confidence]'
shows confidence confidence.probability

package Neurons
describe behind-context "$library"
check_laws "$library"
run neurons "$library" 'method={name: mute-neurons}' 'locator={name: fixed-layers, layers: [1], site: neurons}' \
    'evaluators=[counterfact, behind-context]'
shows neurons behind-context.first_choice
echo "The three example plugins were built, keep the laws of their kinds, and ran."
