# SPDX-License-Identifier: Apache-2.0
"""Measures with transformers what a model knows of the example world.

    python check_with_transformers.py [model folder] [number of records]

A prompt counts as known when every token of the target (with a leading space) is the arg-max under teacher forcing.
"""
import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

BATCH = 64
here = pathlib.Path(__file__).parent


def known(model, tokenizer, prompts, targets):
    """Whether each prompt is answered by its target."""
    answers = []
    for start in range(0, len(prompts), BATCH):
        rows = []
        for prompt, target in zip(prompts[start:start + BATCH], targets[start:start + BATCH]):
            question = tokenizer(prompt)["input_ids"]
            rows.append((question, tokenizer(" " + target)["input_ids"]))
        length = max(len(question) + len(answer) for question, answer in rows)
        batch = torch.zeros(len(rows), length, dtype=torch.long)
        for row, (question, answer) in zip(batch, rows):
            row[:len(question) + len(answer)] = torch.tensor(question + answer)
        with torch.no_grad():
            best = model(batch).logits.argmax(-1)
        for row, (question, answer) in zip(best, rows):
            first = len(question) - 1
            answers.append(row[first:first + len(answer)].tolist() == answer)
    return answers


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else here / "model"
    records = json.loads((here / "facts.json").read_text(encoding="utf-8"))
    if len(sys.argv) > 2:
        records = records[::max(1, len(records) // int(sys.argv[2]))]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    # The weights are stored in half precision; the arithmetic here is single precision.
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    kinds = {"facts": [], "paraphrases": [], "neighbours": []}
    for record in records:
        rewrite = record["requested_rewrite"]
        target = rewrite["target_true"]["str"]
        kinds["facts"].append((rewrite["prompt"].format(rewrite["subject"]), target))
        kinds["paraphrases"] += [(prompt, target) for prompt in record["paraphrase_prompts"]]
        kinds["neighbours"] += [(prompt, target) for prompt in record["neighborhood_prompts"]]
    for kind, pairs in kinds.items():
        answers = known(model, tokenizer, *zip(*pairs))
        print(f"{kind}: {100 * sum(answers) / len(answers):.2f} % of {len(answers)}")


if __name__ == "__main__":
    main()
