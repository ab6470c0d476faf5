# SPDX-License-Identifier: Apache-2.0
"""Writes plain English text for second moments: definitions and examples from WordNet, ten to a line, evenly drawn.

    apt-get install wordnet-base
    python3 get_text.py OUT [FOLDER]      # FOLDER holds WordNet's data.noun, data.verb ...; /usr/share/wordnet by default
"""
import pathlib
import sys

LINES = 2000
PER_LINE = 10


def definitions(folder):
    """One text per synset: its first word and its gloss."""
    for part in ["noun", "verb", "adj", "adv"]:
        for line in (folder / f"data.{part}").read_text().splitlines():
            # The file begins with its licence, in lines that begin with blanks.
            if not line.startswith(" "):
                fields, gloss = line.split(" | ", 1)
                yield f"{fields.split()[4].replace('_', ' ')}: {gloss.strip()}."


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else "/usr/share/wordnet")
    if not (folder / "data.noun").is_file():
        sys.exit(f"get_text.py: '{folder}' does not hold WordNet's data.noun; install it with: apt-get install wordnet-base")
    texts = list(definitions(folder))
    chosen = [texts[i * len(texts) // (LINES * PER_LINE)] for i in range(LINES * PER_LINE)]
    # Line i takes every LINES-th text, so that each line, and any number of first lines, has all kinds of words.
    lines = [" ".join(chosen[i::LINES]) for i in range(LINES)]
    pathlib.Path(sys.argv[1]).write_text("\n".join(lines) + "\n")
    print(f"{LINES} lines of text are in {sys.argv[1]}")


if __name__ == "__main__":
    main()
