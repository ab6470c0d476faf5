#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the reference texts of the cases of a CounterFact file, for the setting `references` of the evaluator `consistency`.

    python3 Scripts/references.py counterfact.json attribute_snippets.json references.json

The snippets are a list of {"relation_id", "target_id", "samples": [{"text"}]}, as ROME's authors publish them. A case has those of
its relation and its new object. Cases that share them name one list. The file of snippets is read piece by piece, so that only
the texts that are used take memory.
"""

import json
import sys

PIECE = 1 << 24


def elements(path):
    """The elements of a JSON list, one after the other."""
    decoder = json.JSONDecoder()
    with open(path, encoding="utf-8") as file:
        text = file.read(PIECE).lstrip()
        if not text.startswith("["):
            sys.exit(f"{path} is not a JSON list; give attribute_snippets.json as the authors publish it")
        place = 1
        while True:
            while text[place:place + 1] in [" ", "\t", "\r", "\n", ","]:
                place += 1
            if text.startswith("]", place):
                return
            try:
                element, place = decoder.raw_decode(text, place)
                yield element
            except json.JSONDecodeError:
                more = file.read(max(PIECE, len(text)))
                if not more:
                    sys.exit(f"{path} ends in the middle of an element; obtain it again")
                text, place = text[place:] + more, 0


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.split("\n\n")[1].strip())
    dataset, snippets, target = sys.argv[1:]
    with open(dataset, encoding="utf-8") as file:
        records = json.load(file)
    names = {}
    for record in records:
        rewrite = record["requested_rewrite"]
        names[str(record["case_id"])] = f'{rewrite["relation_id"]}/{rewrite["target_new"]["id"]}'
    wanted = set(names.values())
    lists = {}
    for element in elements(snippets):
        name = f'{element["relation_id"]}/{element["target_id"]}'
        if name in wanted:
            lists.setdefault(name, []).extend(sample["text"] for sample in element["samples"])
    known = {case: name for case, name in names.items() if name in lists}
    with open(target, "w", encoding="utf-8") as file:
        json.dump(known | lists, file)
    print(f"{len(known)} of {len(names)} cases have reference texts, in {len(lists)} lists")


if __name__ == "__main__":
    main()
