#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Losses of negative training and their gradients, written in PyTorch from the formulas: losses.json beside this file.

    python3 Tests/MethodTests/TNT/Golden/make_golden.py        (made with torch 2.13.0, float32)
"""
import json
import math
import pathlib

import torch

ROWS, WIDTH, VOCABULARY = 2, 6, 11


def pieces(original, tokens, weights, epsilon):
    """(exact target, smoothed target, one-hot of the tokens)."""
    hot = torch.nn.functional.one_hot(tokens, VOCABULARY).float()
    marked = (weights < 0)[..., None]
    p = original.softmax(-1)
    rest = p * (1 - hot)
    exact = torch.where(marked, rest / rest.sum(-1, keepdim=True).clamp(min=1e-6), p)
    smoothed = (original - 1e9 * hot * marked).softmax(-1) + epsilon
    return exact, smoothed / smoothed.sum(-1, keepdim=True), hot


def loss(name, original, current, tokens, weights, alpha, epsilon):
    exact, smoothed, hot = pieces(original, tokens, weights, epsilon)
    log_p = current.log_softmax(-1)
    of_token = (log_p * hot).sum(-1)
    soft_hot = (hot + epsilon) / (hot + epsilon).sum(-1, keepdim=True)
    terms = {
        "F": -(exact * log_p).sum(-1),
        "R": (log_p.exp() * (log_p - smoothed.log())).sum(-1),
        "f": -(smoothed * log_p).sum(-1),
        "L": -of_token,
        "l": -(soft_hot * log_p).sum(-1),
        "U": -torch.log1p(-of_token.exp().clamp(max=1 - 1e-7)),
        "N": of_token.clamp(min=-10.3),
        "0": torch.zeros_like(of_token),
    }
    negative, positive = {
        "TNFF": "FF", "TNRR": "RR", "TNRF": "Rf", "TNFLL": "FL", "TNRLL": "Rl",
        "UL": "U0", "UL+LL": "UL", "NL": "N0", "NL+LL": "NL",
    }[name]
    return (alpha * terms[negative] * (weights < 0) + terms[positive] * (weights > 0)).sum()


def main():
    torch.manual_seed(5)
    original = torch.randn(ROWS, WIDTH, VOCABULARY) * 2
    current = original + torch.randn(ROWS, WIDTH, VOCABULARY)
    tokens = torch.randint(VOCABULARY, (ROWS, WIDTH))
    weights = torch.tensor([[1, -1, -1, 1, 1, 0], [-1, 1, -1, -1, 0, 0]])
    # The original is sure of a marked token; the current model is; the current model has all but forgotten it.
    original[0, 1, tokens[0, 1]] = 40
    current[0, 2, tokens[0, 2]] = 40
    current[1, 0, tokens[1, 0]] = -20
    cases = []
    for name in ["TNFF", "TNRR", "TNRF", "TNFLL", "TNRLL", "UL", "UL+LL", "NL", "NL+LL"]:
        for alpha, epsilon in [(3.0, 1e-6), (0.25, 1e-2)]:
            leaf = current.clone().requires_grad_()
            value = loss(name, original, leaf, tokens, weights, alpha, epsilon)
            value.backward()
            assert math.isfinite(value.item())
            cases.append({"name": name, "alpha": alpha, "epsilon": epsilon, "loss": value.item(),
                          "gradient": [float(f"{x:.6g}") for x in leaf.grad.flatten().tolist()]})
    golden = {"shape": [ROWS, WIDTH, VOCABULARY], "original": original.flatten().tolist(),
              "current": current.flatten().tolist(), "tokens": tokens.flatten().tolist(),
              "weights": weights.flatten().tolist(), "cases": cases}
    path = pathlib.Path(__file__).with_name("losses.json")
    path.write_text(json.dumps(golden).replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    main()
