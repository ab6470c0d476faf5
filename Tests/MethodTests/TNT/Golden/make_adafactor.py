#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Steps of Adafactor as transformers has it, on weights that a formula gives: adafactor.json beside this file.

    pip install torch==2.13.0 transformers==5.24.0
    python3 Tests/MethodTests/TNT/Golden/make_adafactor.py

No relative step, no warm-up, no momentum, rates relative to the size of each weight: T5X's settings. A matrix of 130 by 128 has
factored moments there and in T5X; a vector never has.
"""
import json
import pathlib

import torch
from transformers.optimization import Adafactor

STEPS, RATE = 4, 1e-3


def entries(rows, columns, row_factor, column_factor, shift):
    i = torch.arange(rows, dtype=torch.float64)[:, None]
    j = torch.arange(columns, dtype=torch.float64)[None, :]
    return torch.sin(row_factor * i + column_factor * j + shift).float()


def main():
    matrix = torch.nn.Parameter(0.3 * entries(130, 128, 0.11, 0.37, 0))
    vector = torch.nn.Parameter(2 * entries(1, 7, 0, 0.9, 0.4)[0])
    optimizer = Adafactor([matrix, vector], lr=RATE, scale_parameter=True, relative_step=False, warmup_init=False)
    start = [matrix.detach().clone(), vector.detach().clone()]
    found = []
    for step in range(STEPS):
        matrix.grad = 0.01 * (step + 1) * entries(130, 128, 0.07 * (step + 1), 0.23, step)
        vector.grad = 0.5 * entries(1, 7, 0, 0.5 * (step + 1), step)[0]
        optimizer.step()
        changes = [matrix.detach() - start[0], vector.detach() - start[1]]
        found.append({"matrix": [changes[0][i, j].item() for i, j in [(0, 0), (3, 5), (64, 127), (129, 1)]],
                      "norm": changes[0].norm().item(), "vector": changes[1].tolist()})
    path = pathlib.Path(__file__).parent / "adafactor.json"
    path.write_text(json.dumps({"rate": RATE, "steps": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
