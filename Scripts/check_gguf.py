# SPDX-License-Identifier: Apache-2.0
"""Compares a folder that `suture model import` wrote with what transformers reads in the same GGUF file.

    pip install torch transformers gguf accelerate
    python3 Scripts/check_gguf.py FILE.gguf FOLDER [LINES]

FOLDER is written in float32. Every tensor must have the bits that transformers has, and the tokenizer must give the tokens of
transformers' for the first LINES lines (10,000) of this repository's files. Exit status: 0 where both hold; 1 otherwise.
"""
import argparse
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast


def lines(count):
    """Lines of text and code, in several scripts, as they are in this repository."""
    found = []
    root = pathlib.Path(__file__).parent.parent
    for pattern in ["Docs/**/*.md", "README.md", "Tests/**/*.txt", "Sources/**/*.swift", "Scripts/*.py"]:
        for path in sorted(root.glob(pattern)):
            found += path.read_text(errors="replace").split("\n")
            if len(found) >= count:
                return found[:count]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("lines", type=int, nargs="?", default=10_000)
    arguments = parser.parse_args()

    place = {"pretrained_model_name_or_path": arguments.file.parent, "gguf_file": arguments.file.name}
    theirs = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32).state_dict()
    ours = {}
    for path in sorted(arguments.folder.glob("*.safetensors")):
        ours |= load_file(path)
    if "lm_head.weight" not in ours:
        theirs.pop("lm_head.weight", None)
    other = [name for name in theirs.keys() ^ ours.keys()]
    other += [name for name in theirs.keys() & ours.keys() if not torch.equal(theirs[name], ours[name])]
    print(f"tensors: {len(ours)}, of which {len(other)} are not equal bit for bit {sorted(other)[:3]}")

    reference = AutoTokenizer.from_pretrained(**place)
    rebuilt = PreTrainedTokenizerFast(tokenizer_file=str(arguments.folder / "tokenizer.json"))
    texts = lines(arguments.lines)
    different = [text for text in texts if reference(text)["input_ids"] != rebuilt(text)["input_ids"]]
    print(f"lines: {len(texts)}, of which {len(different)} have other tokens {different[:3]}")
    return 1 if other or different else 0


if __name__ == "__main__":
    sys.exit(main())
