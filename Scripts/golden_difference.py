#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says how far golden files that were recorded again are from the committed ones.

    python3 Scripts/golden_difference.py [FILE …]     without a file: all changed files below Tests

Prints a line for each file: the largest difference of two numbers, and the largest relative to the largest number of the
same tensor, or of the same list of a JSON file. Numbers of another machine differ in their last bits, about 1e-6 relative
in float32. Files of plain text are named. Exit status: 0 where the files have the same names, shapes and texts; 1 where
they do not.
"""
import argparse
import json
import math
import pathlib
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LETTERS = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "I32": "i", "I16": "h", "I8": "b", "U8": "B", "BOOL": "?"}


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def tensors(data):
    """A safetensors file as {place: numbers}; the place has the shape in it."""
    length = struct.unpack("<Q", data[:8])[0]
    found = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name == "__metadata__":
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        letter = LETTERS[entry["dtype"]]
        found[f"{name} {entry['dtype']} {entry['shape']}"] = list(struct.unpack(
            f"<{(end - start) // struct.calcsize(letter)}{letter}", data[start:end]))
    return found


def numbers(value, place="", found=None):
    """A JSON value as {place of a list: numbers}, and what is no number as {place = value: []}."""
    found = {} if found is None else found
    if isinstance(value, dict):
        for key, inner in value.items():
            numbers(inner, f"{place}.{key}", found)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            is_number = isinstance(inner, (int, float)) and not isinstance(inner, bool)
            numbers(inner, f"{place}[]" if is_number else f"{place}[{index}]", found)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found.setdefault(place, []).append(value)
    else:
        found[f"{place} = {value!r}"] = []
    return found


def difference(a, b):
    """Between two numbers; none between two that are the same, not finite ones included."""
    if a == b or (a != a and b != b):
        return 0.0
    return abs(a - b) if math.isfinite(a) and math.isfinite(b) else math.inf


def compared(name):
    """The largest absolute and relative difference, and the places that only one of both has."""
    read = tensors if name.endswith(".safetensors") else lambda data: numbers(json.loads(data))
    old, new = read(git("show", f"HEAD:{name}")), read((ROOT / name).read_bytes())
    others = sorted(place for place in old.keys() | new.keys() if len(old.get(place, [0, 0])) != len(new.get(place, [0, 0]))
                    or (place in old) != (place in new))
    absolute = relative = 0.0
    for place in old.keys() & new.keys():
        gap = max((difference(a, b) for a, b in zip(old[place], new[place])), default=0)
        size = max((abs(a) for a in old[place] if math.isfinite(a)), default=0)
        absolute, relative = max(absolute, gap), max(relative, gap / size if size else gap)
    return absolute, relative, others


def main():
    parser = argparse.ArgumentParser(description="Compares recorded golden files with the committed ones.")
    parser.add_argument("files", nargs="*", help="from the folder of the repository")
    names = parser.parse_args().files or git("diff", "--name-only", "HEAD", "--", "Tests").decode().split()
    texts = [name for name in names if not name.endswith((".json", ".safetensors", ".py", ".swift"))]
    names = [name for name in names if name.endswith((".json", ".safetensors"))]
    for name in texts:
        print(f"a text that differs: see git diff  {name}")
    is_other = bool(texts)
    for name in names:
        absolute, relative, others = compared(name)
        is_other |= bool(others)
        print(f"{absolute:8.1e} absolute {relative:8.1e} relative  {name}")
        for place in others[:10]:
            print(f"    not in both: {place[:100]}")
    if not names and not texts:
        print("No golden file differs from the committed one.")
    sys.exit(1 if is_other else 0)


if __name__ == "__main__":
    main()
