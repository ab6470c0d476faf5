# SPDX-License-Identifier: Apache-2.0
"""Times forward passes of Suture and of transformers in turn: same model, same batch, same threads.

    pip install torch==2.13.0 transformers
    swift build -c release --product SutureBenchmarks
    python Benchmarks/compare_forward.py Examples/World/model [rows] [length] [threads] [rounds]

Prints the median tokens per second of each, and the median of the ratios round by round.
"""
import json
import os
import statistics
import subprocess
import sys
import time

FOLDER = sys.argv[1]
ROWS, LENGTH, THREADS, ROUNDS = ([int(x) for x in sys.argv[2:]] + [16, 64, 1, 5][len(sys.argv) - 2:])[:4]
os.environ["OMP_NUM_THREADS"] = str(THREADS)

import torch  # noqa: E402  (after the number of threads is set)
from transformers import AutoModelForCausalLM  # noqa: E402

REPEATS = 20


def ours():
    command = [".build/release/SutureBenchmarks", "forward", FOLDER, str(ROWS), str(LENGTH), str(REPEATS)]
    return float(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["tokens_per_second"])


def theirs(model):
    row = [1 + i * 37 % (model.config.vocab_size - 1) for i in range(LENGTH)]
    tokens = torch.tensor([row] * ROWS)
    seconds = []
    with torch.no_grad():
        model(tokens, use_cache=False)
        for _ in range(REPEATS):
            start = time.perf_counter()
            model(tokens, use_cache=False)
            seconds.append(time.perf_counter() - start)
    return ROWS * LENGTH / statistics.median(seconds)


def main():
    torch.set_num_threads(THREADS)
    model = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32).eval()
    rounds = [(ours(), theirs(model)) for _ in range(ROUNDS)]
    a, b = (statistics.median(x) for x in zip(*rounds))
    ratio = statistics.median(x / y for x, y in rounds)
    print(f"suture {a:.0f} tokens/s, transformers {b:.0f} tokens/s, ratio {ratio:.2f} "
          f"({ROWS} x {LENGTH} tokens, {THREADS} thread(s), {ROUNDS} rounds)")


if __name__ == "__main__":
    main()
