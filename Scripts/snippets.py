#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the code that the documentation shows with the files that it comes from.

    python3 Scripts/snippets.py [--root FOLDER]

A comment before a fenced block says where its text comes from:

    <!-- snippet: Examples/Plugins/Damp/damp.c -->         the block is a part of that file, line for line
    <!-- snippet: Examples/Plugins/Damp/damp.c#delta -->   the block is the region "delta" of that file, all of it
    <!-- snippet: none -->                                 the block comes from no file

A line `...` in a block, alone or in a comment, stands for lines that are left out. Indentation that all lines of a block
share is ignored. A region begins in the source after a line with `snippet-begin: NAME` and ends before `snippet-end: NAME`,
each in a comment of the language. Blocks of Swift, C, C++ and YAML without such a comment are reported.

The script reads README.md and Docs/*.md. Exit status: 0 where all blocks match; 1 where some do not, each
with one line on stderr.
"""
import argparse
import pathlib
import re
import sys
import textwrap

LANGUAGES = {"swift", "c", "cpp", "c++", "yaml", "yml"}
COMMENT = re.compile(r"^\s*<!--\s*snippet:\s*(\S+)\s*-->\s*$")
FENCE = re.compile(r"^(`{3,})\s*([\w+]*)\s*$")
OMISSION = re.compile(r"^\s*(//|#|/\*)?\s*(\.\.\.|…)\s*(\*/)?\s*$")


class Mismatch(Exception):
    """One sentence that says what differs."""


def blocks(text):
    """The fenced blocks of a page: (line number, language, source or None, lines)."""
    found, source, fence = [], None, None
    for number, line in enumerate(text.splitlines(), 1):
        if fence:
            if line.strip() == fence[0]:
                found.append(fence[1:])
                fence = source = None
            else:
                fence[4].append(line)
        elif match := FENCE.match(line):
            fence = [match[1], number, match[2].lower(), source, []]
        elif match := COMMENT.match(line):
            source = match[1]
        elif line.strip():
            source = None
    if fence:
        raise Mismatch(f"line {fence[1]}: the block has no end")
    return found


def dedented(lines):
    return textwrap.dedent("\n".join(line.rstrip() for line in lines)).strip("\n").split("\n")


def region(lines, name, path):
    marks = {kind: [i for i, line in enumerate(lines) if re.search(rf"\bsnippet-{kind}:\s*{re.escape(name)}(\s|$)", line)]
             for kind in ("begin", "end")}
    if len(marks["begin"]) != 1 or len(marks["end"]) != 1 or marks["end"] < marks["begin"]:
        raise Mismatch(f"{path} has no region '{name}'; mark it with snippet-begin: {name} and snippet-end: {name}")
    return lines[marks["begin"][0] + 1:marks["end"][0]]


def pieces(lines):
    """The lines between omissions."""
    found = [[]]
    for line in lines:
        if OMISSION.match(line):
            found.append([])
        else:
            found[-1].append(line)
    return [piece for piece in (dedented(piece) for piece in found) if piece != [""]]


def place(piece, lines, start):
    """Where a piece begins in the lines of a file, from `start` on, or None. Shared indentation does not count."""
    for at in range(start, len(lines) - len(piece) + 1):
        if dedented(lines[at:at + len(piece)]) == piece and lines[at].strip() == piece[0].strip():
            return at
    return None


def compare(source, lines, root):
    path, _, name = source.partition("#")
    file = root / path
    if not file.is_file():
        raise Mismatch(f"there is no file {path}")
    theirs = [line.rstrip() for line in file.read_text().splitlines()]
    if name:
        theirs = dedented(region(theirs, name, path))
        if not any(OMISSION.match(line) for line in lines):
            if dedented(lines) != theirs:
                raise Mismatch(f"the block is not the region '{name}' of {path}")
            return
    start = 0
    for piece in pieces(lines):
        at = place(piece, theirs, start)
        if at is None:
            raise Mismatch(f"{path} does not contain these lines: '{piece[0].strip()}' and the {len(piece) - 1} after it")
        start = at + len(piece)


def main():
    parser = argparse.ArgumentParser(description="Compares the code in the documentation with its sources.")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    checked = free = 0
    problems = []
    for page in [root / "README.md", *sorted((root / "Docs").glob("*.md"))]:
        shown = page.relative_to(root)
        try:
            found = blocks(page.read_text())
        except Mismatch as mismatch:
            problems.append(f"{shown}: {mismatch}")
            continue
        for number, language, source, lines in found:
            if source == "none":
                free += 1
            elif source:
                try:
                    compare(source, lines, root)
                    checked += 1
                except Mismatch as mismatch:
                    problems.append(f"{shown}:{number}: {mismatch}")
            elif language in LANGUAGES:
                problems.append(f"{shown}:{number}: this block does not say where it comes from; write "
                                "<!-- snippet: FILE --> or <!-- snippet: none --> before it")
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"{checked} snippets are what their files say; {free} come from no file.")


if __name__ == "__main__":
    main()
