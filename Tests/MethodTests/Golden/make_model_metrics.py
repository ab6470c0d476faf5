# SPDX-License-Identifier: Apache-2.0
"""Writes model_metrics.json: what transformers says of the bundled model on some of the bundled facts.

    python make_model_metrics.py

The zsRE protocol step by step: for each token of an answer, the prompt with the decoded tokens before it is encoded
anew, and the arg-max after it is compared. Greedy texts are those of `generate`. Record it again when the bundled
model changes. Recorded with transformers 5.23.0 and torch 2.13.0.
"""

import json
import pathlib

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

WORLD = pathlib.Path(__file__).parents[3] / "Examples" / "World"
NEW_TOKENS = 12


def main():
    tokenizer = AutoTokenizer.from_pretrained(WORLD / "model")
    model = AutoModelForCausalLM.from_pretrained(WORLD / "model", dtype=torch.float32).eval()

    def hits(prompt, answer):
        """Of each token of the answer, decoded prefix by decoded prefix."""
        tokens = tokenizer(answer).input_ids
        found = []
        for i, token in enumerate(tokens):
            ids = tokenizer(prompt + tokenizer.decode(tokens[:i])).input_ids
            with torch.no_grad():
                found.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()) == token)
        return found

    def greedy(prompt):
        ids = torch.tensor([tokenizer(prompt).input_ids])
        mask = torch.ones_like(ids)
        with torch.no_grad():
            out = model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=NEW_TOKENS, pad_token_id=0)
        return tokenizer.decode(out[0, ids.shape[1]:], skip_special_tokens=True)

    def mean(lists):
        flat = [value for values in lists for value in values]
        return sum(flat) / len(flat)

    facts = json.loads((WORLD / "facts.json").read_text())
    cases = []
    for number, fact in enumerate(facts[::109]):
        rewrite = fact["requested_rewrite"]
        # True and false objects in turn, so that the shares differ.
        target = rewrite["target_new" if number % 2 else "target_true"]["str"]
        prompt = rewrite["prompt"].replace("{}", rewrite["subject"])
        neighbors = fact["neighborhood_prompts"][:2]
        own = rewrite["target_true"]["str"]
        cases.append({
            "prompt": rewrite["prompt"], "subject": rewrite["subject"], "target": target,
            "paraphrases": fact["paraphrase_prompts"], "neighbors": neighbors, "neighbor_target": own,
            "efficacy": mean([hits(prompt, " " + target)]),
            "paraphrase": mean(hits(p, " " + target) for p in fact["paraphrase_prompts"]),
            "neighborhood": mean(hits(p, " " + own) for p in neighbors),
            "greedy": greedy(prompt), "greedy_paraphrases": [greedy(p) for p in fact["paraphrase_prompts"]],
        })
    pathlib.Path(__file__).with_name("model_metrics.json").write_text(json.dumps({"new_tokens": NEW_TOKENS, "cases": cases}, indent=1) + "\n")


main()
