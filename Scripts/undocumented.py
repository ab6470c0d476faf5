#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists the public declarations of a module that have no doc comment.

    python3 Scripts/undocumented.py                       builds SutureKit and lists what lacks a comment
    python3 Scripts/undocumented.py --check               the same, and exit status 1 where there is any
    python3 Scripts/undocumented.py --target SutureLaws   another target

The list comes from the symbol graph that the Swift compiler makes of the built module, as the reference pages do. A
comment must be at the declaration itself: one that a protocol lends to a conforming type does not count, and members
that the compiler makes up are left out. Exit status: 0; 1 with --check where something lacks a comment; 2 where the
module cannot be built or read.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
SWIFT = os.environ.get("SWIFT", "swift")


class Problem(Exception):
    """What keeps the check from being made, as a sentence for the user."""


def output_of(*command):
    """The standard output of a command. The command's own complaints go to stderr."""
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        raise Problem(f"{command[0]} cannot be started: {error.strerror}") from error
    if done.returncode != 0:
        raise Problem(f"`{' '.join(map(str, command))}` failed with status {done.returncode}: {done.stdout.strip()}")
    return done.stdout


def extractor():
    """The tool beside the Swift compiler that makes symbol graphs."""
    swift = shutil.which(SWIFT)
    tool = pathlib.Path(swift).resolve().parent / "swift-symbolgraph-extract" if swift else None
    if tool is None or not tool.exists():
        raise Problem("the Swift toolchain has no swift-symbolgraph-extract; install a whole toolchain from swift.org")
    return tool


def symbols(target, package, scratch_path):
    """Every symbol in the graphs of a target, extensions of other modules' types included."""
    build = [SWIFT, "build", "--package-path", package, "--target", target]
    if scratch_path:
        build += ["--scratch-path", scratch_path]
    output_of(*build)
    modules = pathlib.Path(output_of(*build, "--show-bin-path").strip()) / "Modules"
    triple = json.loads(output_of(SWIFT, "-print-target-info"))["target"]["triple"]
    with tempfile.TemporaryDirectory() as folder:
        output_of(
            extractor(), "-module-name", target, "-target", triple, "-I", modules, "-I", "Sources/CSuture/include",
            "-minimum-access-level", "public", "-skip-inherited-docs", "-skip-synthesized-members",
            "-output-dir", folder,
        )
        graphs = sorted(pathlib.Path(folder).glob("*.symbols.json"))
        if not graphs:
            raise Problem(f"the compiler made no symbol graph of {target}")
        return [symbol for graph in graphs for symbol in json.loads(graph.read_text(encoding="utf-8"))["symbols"]]


def place(symbol):
    """The file and line of a symbol, relative to the repository; (None, 0) where the compiler made it up."""
    location = symbol.get("location")
    if not location:
        return None, 0
    path = pathlib.Path(urllib.parse.unquote(urllib.parse.urlparse(location["uri"]).path))
    path = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return str(path), location["position"]["line"] + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", default="SutureKit", help="the target to look at (default: SutureKit)")
    parser.add_argument("--package", default="Sources", help="the package that has it (default: Sources)")
    parser.add_argument("--scratch-path", default=".build/kit", help="where it is built (default: .build/kit)")
    parser.add_argument("--check", action="store_true", help="exit with status 1 where a comment is missing")
    options = parser.parse_args()
    try:
        found = symbols(options.target, options.package, options.scratch_path)
    except Problem as problem:
        print(f"undocumented: {problem}", file=sys.stderr)
        return 2

    declared = {(*place(symbol), ".".join(symbol["pathComponents"])): symbol for symbol in found if place(symbol)[0]}
    if not declared:
        print(f"undocumented: no declaration of {options.target} has a place in its sources", file=sys.stderr)
        return 2
    missing = sorted(key for key, symbol in declared.items() if "docComment" not in symbol)
    for file, line, name in missing:
        print(f"{file}:{line}: {name}")
    count = f"{len(missing)} of {len(declared)} public declarations"
    print(f"{options.target}: {count} have no doc comment", file=sys.stderr)
    return 1 if missing and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
