#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Losses of negative training of a tiny T5, with transformers and plain PyTorch: t5.json beside this file.

    python3 Tests/MethodTests/TNT/Golden/make_t5_golden.py     (made with torch 2.13.0, transformers 5.24.0, float32)

The teacher is the checkpoint t5-gated of Tests/SutureModelTests/Transformer/Golden; the student is the same with the changes
of its golden.safetensors. One batch of three texts: each with the source's tokens and their end (1), what was generated, and
a weight for each generated token (-1 marked, 1 kept). The file has, for each variant, the targets of the teacher, the loss,
and its gradient with respect to a norm of the encoder and a row of the embedding.
"""
import json
import pathlib

import torch
import transformers
from safetensors.torch import load_file

import make_golden

HERE = pathlib.Path(__file__).parent
CHECKPOINT = HERE.parents[2] / "SutureModelTests/Transformer/Golden/t5-gated"
SEQUENCES = [
    {"prompt": [5, 9, 33, 7, 1], "response": [12, 40, 3, 1], "weights": [1, -1, 1, 1]},
    {"prompt": [17, 8, 51, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 1], "response": [6, 30, 12, 45, 59, 60, 34],
     "weights": [1, 1, -1, -1, 1, 1, 1]},
    {"prompt": [58, 1], "response": [8, 1], "weights": [-1, 1]},
]
ALPHA, EPSILON = 10.0, 1e-6
NORM, EMBEDDING, ROW = "encoder.final_layer_norm.weight", "shared.weight", 12


def load():
    return transformers.AutoModelForSeq2SeqLM.from_pretrained(CHECKPOINT, attn_implementation="eager", dtype=torch.float32).eval()


def logits(model):
    """Of all responses, each text run by itself."""
    return torch.cat([
        model(input_ids=torch.tensor([s["prompt"]]), decoder_input_ids=torch.tensor([[0] + s["response"][:-1]])).logits[0]
        for s in SEQUENCES])


def main():
    make_golden.VOCABULARY = 61
    golden = load_file(CHECKPOINT / "golden.safetensors")
    teacher, student = load(), load()
    parameters = dict(student.named_parameters())
    for name, value in golden.items():
        if name.startswith("change."):
            parameters[name.removeprefix("change.")].data += value
    tokens = torch.tensor([token for s in SEQUENCES for token in s["response"]])
    weights = torch.tensor([weight for s in SEQUENCES for weight in s["weights"]])
    with torch.no_grad():
        original = logits(teacher)
    exact, smoothed, _ = make_golden.pieces(original, tokens, weights, EPSILON)
    found = {}
    for variant, targets in [("TNFF", exact), ("TNRF", smoothed.log())]:
        loss = make_golden.loss(variant, original, logits(student), tokens, weights, ALPHA, EPSILON)
        norm, embedding = torch.autograd.grad(loss, [parameters[NORM], parameters[EMBEDDING]])
        found[variant] = {"loss": loss.item(), "norm": norm.tolist(), "embedding": embedding[ROW].tolist(),
                          "targets": targets.tolist()}
    content = {"sequences": SEQUENCES, "alpha": ALPHA, "epsilon": EPSILON, "norm": NORM, "embedding": EMBEDDING, "row": ROW,
               "variants": found}

    def rounded(value):
        if isinstance(value, float):
            return float(f"{value:.8g}")
        if isinstance(value, dict):
            return {key: rounded(item) for key, item in value.items()}
        return [rounded(item) for item in value] if isinstance(value, list) else value

    (HERE / "t5.json").write_text(json.dumps(rounded(content)) + "\n")
    print({variant: values["loss"] for variant, values in found.items()})


if __name__ == "__main__":
    main()
