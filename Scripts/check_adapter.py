# SPDX-License-Identifier: Apache-2.0
"""Compares a LoRA adapter that `suture patch export --peft` wrote with the folder that `suture patch apply` wrote.

    pip install torch transformers peft
    python3 Scripts/check_adapter.py MODEL ADAPTER EDITED

MODEL is stored in float32: in half precision, EDITED has lost what an adapter keeps. It may be of any family that PEFT knows.

MODEL with ADAPTER, loaded by PEFT, must give the logits of EDITED, loaded by transformers alone, within 1e-4 in float32, and other
logits than MODEL by itself. Exit status: 0 where it does; 1 otherwise.
"""
import argparse
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = ["The river Nile flows through", "def add(a, b):", "Lyon is a city in the country of", "Once upon a time"]


def logits(model, tokenizer):
    with torch.no_grad():
        return [model(**tokenizer(prompt, return_tensors="pt")).logits[0] for prompt in PROMPTS]


def load(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["model", "adapter", "edited"]:
        parser.add_argument(name)
    arguments = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    plain = logits(load(arguments.model), tokenizer)
    adapted = logits(PeftModel.from_pretrained(load(arguments.model), arguments.adapter).eval(), tokenizer)
    edited = logits(load(arguments.edited), tokenizer)
    difference = max((a - b).abs().max().item() for a, b in zip(adapted, edited))
    effect = max((a - b).abs().max().item() for a, b in zip(adapted, plain))
    print(f"adapter against edited folder: {difference:.2e}; adapter against the model itself: {effect:.2e}")
    return 0 if difference < 1e-4 < effect else 1


if __name__ == "__main__":
    sys.exit(main())
