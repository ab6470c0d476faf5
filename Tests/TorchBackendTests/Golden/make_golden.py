#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes optimizers.json: the ways that PyTorch's optimisers go on a small problem.

    pip install torch==2.13.0
    python make_golden.py
"""
import json
import pathlib

import torch

START = [1.5, -2.0, 0.25, 3.0, -0.5]
TARGET = [0.5, 1.0, -1.0, 2.0, 0.0]
STEPS = 12
RATES = [0.1] * 6 + [0.03] * (STEPS - 6)

RUNS = [
    ("Adam", "adam", {}),
    ("Adam with weight decay", "adam", {"weight_decay": 0.1}),
    ("Adam with other betas", "adam", {"beta1": 0.8, "beta2": 0.95, "eps": 1e-4}),
    ("AdamW", "adamw", {"weight_decay": 0.01}),
    ("AdamW with strong decay", "adamw", {"weight_decay": 0.5, "beta1": 0.7}),
    ("SGD", "sgd", {}),
    ("SGD with momentum and decay", "sgd", {"momentum": 0.9, "weight_decay": 0.05}),
]


def make(kind, parameters, options):
    options = dict(options)
    if kind == "sgd":
        return torch.optim.SGD(parameters, lr=RATES[0], **options)
    betas = (options.pop("beta1", 0.9), options.pop("beta2", 0.999))
    weight_decay = options.pop("weight_decay", 0.0)
    cls = torch.optim.Adam if kind == "adam" else torch.optim.AdamW
    return cls(parameters, lr=RATES[0], betas=betas, weight_decay=weight_decay, **options)


def trajectory(kind, dtype, options):
    p = torch.tensor(START, dtype=dtype, requires_grad=True)
    target = torch.tensor(TARGET, dtype=dtype)
    optimizer = make(kind, [p], options)
    steps = []
    for rate in RATES:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        ((p - target) ** 2 + 0.1 * p**4).sum().backward()
        optimizer.step()
        steps.append(p.detach().double().tolist())
    return steps


runs = [
    {
        "name": name,
        "kind": kind,
        "dtype": str(dtype).removeprefix("torch."),
        "options": options,
        "rates": RATES,
        "trajectory": trajectory(kind, dtype, options),
    }
    for name, kind, options in RUNS
    for dtype in (torch.float64, torch.float32)
]
golden = {"torch": torch.__version__, "start": START, "target": TARGET, "runs": runs}
path = pathlib.Path(__file__).with_name("optimizers.json")
path.write_text(json.dumps(golden, indent=1) + "\n")
