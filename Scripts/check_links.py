#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the links between the Markdown pages of this repository lead somewhere.

    python3 Scripts/check_links.py             every Markdown file that git tracks
    python3 Scripts/check_links.py FILE …      these files only

A relative link must name a file or folder that exists, and the part after `#` must be a heading of that page. Links to
other sites are not followed, so the check needs no network. Exit status: 0 when every link resolves; 1 with one line
per broken link on stderr; 2 when a file cannot be read.
"""
import argparse
import functools
import pathlib
import re
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent

FENCE = re.compile(r"^\s*(```|~~~)")
CODE = re.compile(r"(`+)(?:(?!\1).)*?\1")
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
OTHER_SITE = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*:")


def prose_lines(text):
    """The lines outside fenced code blocks, each with its number from 1."""
    fence = None
    for number, line in enumerate(text.splitlines(), start=1):
        mark = FENCE.match(line)
        if mark and fence in (None, mark[1]):
            fence = None if fence else mark[1]
        elif fence is None:
            yield number, line


def anchor(heading):
    """The anchor that GitHub gives a heading: lower case, no punctuation, hyphens for spaces."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)  # of a link, its text
    text = re.sub(r"[^\w\- ]", "", text.lower())
    return text.replace(" ", "-")


@functools.cache
def anchors(page):
    """The anchors of a page. The second heading of the same text ends in -1, the third in -2."""
    found, seen = set(), {}
    for _, line in prose_lines(page.read_text(encoding="utf-8")):
        heading = HEADING.match(line)
        if not heading:
            continue
        name = anchor(heading[1])
        count = seen.get(name, 0)
        seen[name] = count + 1
        found.add(f"{name}-{count}" if count else name)
    return found


def problem(page, target):
    """What is wrong with a link on a page, or None."""
    path, _, fragment = target.partition("#")
    goal = (page.parent / urllib.parse.unquote(path)).resolve() if path else page
    if not goal.exists():
        return f"there is no file {path}"
    if fragment and goal.suffix == ".md" and urllib.parse.unquote(fragment) not in anchors(goal):
        return f"{goal.name} has no heading #{fragment}"
    return None


def broken_links(page):
    """Each broken link of a page as (line, target, what is wrong)."""
    for number, line in prose_lines(page.read_text(encoding="utf-8")):
        for target in LINK.findall(CODE.sub("", line)):
            if OTHER_SITE.match(target):
                continue
            wrong = problem(page, target)
            if wrong:
                yield number, target, wrong


def tracked_pages():
    """Every Markdown file that git tracks."""
    names = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in names.stdout.split("\0") if name]


def main():
    parser = argparse.ArgumentParser(description="Checks the links between the Markdown pages of this repository.")
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="pages to check; without any, all tracked pages")
    pages = [file.resolve() for file in parser.parse_args().files] or tracked_pages()
    broken = 0
    try:
        for page in pages:
            name = page.relative_to(ROOT) if page.is_relative_to(ROOT) else page
            for number, target, wrong in broken_links(page):
                print(f"{name}:{number}: the link to {target} is broken: {wrong}", file=sys.stderr)
                broken += 1
    except (OSError, UnicodeDecodeError) as error:
        print(f"check_links: a page cannot be read: {error}", file=sys.stderr)
        return 2
    if broken:
        print(f"check_links: {broken} broken link{'s' if broken > 1 else ''} in {len(pages)} pages", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
