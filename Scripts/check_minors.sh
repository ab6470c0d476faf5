#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds a Swift plugin with a SutureKit that is newer than the host: the kit of this checkout over headers of a later minor,
# which the generator makes. The plugin must load and run in this host. (`OtherMinorTests` tries the other directions.)
#
#   SUTURE=FILE   the host to run it in; without it, the debug build of this package, which is made first
#
# Exit status: 0 where the plugin ran; otherwise not 0, with a sentence on stderr.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

swift=${SWIFT:-swift}
kit=.build/minors/kit
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

if [ -z "${SUTURE:-}" ]; then
    "$swift" build --product suture
    SUTURE=$("$swift" build --show-bin-path)/suture
fi

rm -rf "$kit"
mkdir -p "$kit"
cp -r Sources/Package.swift Sources/CSuture Sources/SutureKit Sources/SutureKitOwnTests Sources/SutureLaws "$kit"
python3 Scripts/abi.py --later "$kit/CSuture/include"
# The layout is asserted for the headers of this checkout alone.
printf '/* Nothing. */\n' >"$kit/CSuture/Layout.c"
SUTURE_KIT=$PWD/$kit "$swift" build --package-path Tests/OtherMinors/FirstSwift --scratch-path .build/minors/later
library=$(SUTURE_KIT=$PWD/$kit "$swift" build --package-path Tests/OtherMinors/FirstSwift \
    --scratch-path .build/minors/later --show-bin-path)/libfirst-swift.so

"$SUTURE" run Examples/World/quickstart.yaml --plugin "$library" experiment=minors "output.dir=$runs" dataset.limit=2 \
    'evaluators=[{name: first-swift, factor: 3}, counterfact]' || {
    echo "check_minors: the plugin with a newer kit did not run; the message is above." >&2
    exit 1
}
echo "A plugin whose SutureKit is newer than the host ran."
