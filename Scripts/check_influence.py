# SPDX-License-Identifier: Apache-2.0
"""Compares `suture influence` with the library kronfluence and with PyTorch's autograd, on the same model, examples and modules.

    python Scripts/check_influence.py --suture .build/release/suture --output FOLDER

For `kfac` and `ekfac` the scores and the factors are compared with those of kronfluence, and for `gradient` the scores with inner
products of gradients by autograd in float64. The seconds and the peak memory of `suture` and of kronfluence follow, for `gradient` with
kronfluence's strategy `identity`. FOLDER/report.json has all of it. The exit status is 1 if a figure misses its bound.

Both sides do the same:

- The modules are the MLP projections of every block, or with --modules all those of attention, too. Everything is in float32.
- The loss of an example or a query is the sum over the tokens of its response.
- Examples are run without their last token, which is predicted and predicts nothing. With --whole, kronfluence runs it.
- The labels of the curvature are those of the data. The damping is 0.1 times the mean of a module's eigenvalues.
- The gradients of the queries are exact unless --rank is given.
- Every measurement is a process of its own that finds no factors in a cache.

A relative difference is the norm of the difference over the norm of the reference. "Seconds" is the time that fitting and scoring took,
without loading the model and without ranking. "Seconds of the processor" is less disturbed by other programs. For `suture` it includes
loading and ranking; for kronfluence it starts after the model was loaded.

Needs torch, transformers, safetensors and kronfluence (1.0.1).
"""
import argparse
import importlib.util
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys

import safetensors
import safetensors.torch
import torch

SCRIPTS = pathlib.Path(__file__).resolve().parent
EXAMPLE = SCRIPTS.parent / "Examples" / "Contamination"
# What a projection reads and what it writes, in the names of `suture`.
MLP = {"gate_proj": ("mlp_input", "gate"), "up_proj": ("mlp_input", "up"), "down_proj": ("neurons", "mlp_output")}
SITES = MLP | {"q_proj": ("attention_input", "query"), "k_proj": ("attention_input", "key"), "v_proj": ("attention_input", "value"),
               "o_proj": ("head_output", "attention_output")}
STRATEGIES = {"kfac": "kfac", "ekfac": "ekfac", "gradient": "identity"}
OTHER_PHASES = ("load", "rank")
SPEARMAN, FACTORS, GRADIENT = 0.99, 1e-4, 1e-5


def peer(arguments, method):
    """The tensors and the report of `peer_influence.py`."""
    lines = [line for line in arguments.training.read_text(encoding="utf-8").splitlines() if line.strip()][:arguments.examples]
    cases = json.loads(arguments.queries.read_text(encoding="utf-8"))[:arguments.asked]
    job = {"method": method, "model": str(arguments.model), "output": str(arguments.output), "threads": arguments.threads,
           "batch": arguments.batch, "rank": arguments.rank, "whole": arguments.whole,
           "projections": list(MLP if arguments.modules == "mlp" else SITES),
           "examples": [[row["prompt"], row["response"]] for row in map(json.loads, lines)],
           "queries": [[row["prompt"], row["answer"]] for row in cases]}
    file = arguments.output / f"{method}-job.json"
    file.write_text(json.dumps(job), encoding="utf-8")
    environment = os.environ | {"OMP_NUM_THREADS": str(arguments.threads)}
    subprocess.run([sys.executable, SCRIPTS / "peer_influence.py", file], check=True, env=environment)
    report = json.loads((arguments.output / f"{method}.json").read_text(encoding="utf-8"))
    return safetensors.torch.load_file(arguments.output / f"{method}.safetensors"), report


def suture(arguments, estimator):
    """The scores, the sums in the cache by name, and the report of a run."""
    def limit(number):
        return f", limit: {number}" if number else ""

    folder = arguments.output / f"suture-{estimator}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    settings = f"modules: [{arguments.modules}], rank: {arguments.rank or 'null'}"
    settings += "" if estimator == "gradient" else ", labels: data, damping: 0.1"
    (folder / "trace.yaml").write_text(f"""schema: 1
experiment: check
model: {{source: '{arguments.model}', threads: {arguments.threads}}}
dataset: {{name: pairs, path: '{arguments.queries}'{limit(arguments.asked)}}}
training: {{path: '{arguments.training}'{limit(arguments.examples)}}}
influence: {{estimator: {{name: {estimator}, {settings}}}}}
""", encoding="utf-8")
    environment = os.environ | {"SUTURE_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": str(arguments.threads)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([arguments.suture, "influence", folder / "trace.yaml", "--output", folder], check=True, env=environment,
                   stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = next(folder.rglob("influence.json"))
    sums = {}
    for path in (folder / "cache" / "influence").rglob("*.safetensors"):
        with safetensors.safe_open(path, "pt") as file:
            name = file.metadata()["key"].split(".")
            sums[".".join(part for part in name if part != "data" and not part.startswith("length-"))] = file.get_tensor("tensor")
    found = json.loads(result.read_text(encoding="utf-8"))
    report = {"seconds": found["seconds"], "peak_memory": found.get("peakMemory"),
              "processor_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}
    return safetensors.torch.load_file(result.parent / "scores.safetensors")["scores"], sums, report


def factor(sums, name):
    """The factor that the other side calls "A model.layers.0.mlp.up_proj", from our sums, in which gradients count 2**12 times."""
    letter, module = name.split(" ")
    block, (read, written) = module.split(".")[2], SITES[module.split(".")[-1]]
    if letter == "A":
        return sums[f"input.blocks.{block}.{read}"] / sums["tokens"]
    if letter == "S":
        return sums[f"output.blocks.{block}.{written}"] / sums["tokens"] / 2**24
    return sums[f"moments-token.blocks.{block}.{written}"] / sums["sequences"] / 2**24


def difference(ours, theirs):
    return ((ours.double() - theirs.double()).norm() / theirs.double().norm()).item()


def ranks(values):
    """From 1; equal values share the mean of their ranks."""
    _, place, count = torch.unique(values, sorted=True, return_inverse=True, return_counts=True)
    return (count.cumsum(0).double() - (count.double() - 1) / 2)[place]


def spearman(first, second):
    return torch.corrcoef(torch.stack([ranks(first.flatten()), ranks(second.flatten())]))[0, 1].item()


def check(arguments, estimator):
    """The figures of an estimator: (name, value, whether it is within its bound)."""
    scores, sums, report = suture(arguments, estimator)
    tensors, other = peer(arguments, STRATEGIES[estimator])
    rows = []

    def add(name, value, passes=None):
        rows.append({"estimator": estimator, "figure": name, "value": value, "passes": passes})

    reference = tensors["scores"]
    if estimator == "gradient":
        exact = peer(arguments, "autograd")[0]["scores"]
        add("scores, relative difference from autograd", difference(scores, exact), difference(scores, exact) <= GRADIENT)
        add("the same of kronfluence", difference(reference, exact))
    found = spearman(scores, reference)
    add("Spearman over all scores", found, found >= SPEARMAN)
    add("Spearman, lowest of a query", min(spearman(a, b) for a, b in zip(scores.T, reference.T)))
    add("scores, relative difference", difference(scores, reference))
    for letter in ("A", "S", "Lambda"):
        gaps = [difference(factor(sums, name), value) for name, value in tensors.items() if name.startswith(letter + " ")]
        if gaps:
            add(f"{letter}, largest relative difference of a module", max(gaps), max(gaps) <= FACTORS)
    for side, costs in (("suture", report), ("kronfluence", other)):
        add(f"{side}: seconds", sum(value for name, value in costs["seconds"].items() if name not in OTHER_PHASES))
        add(f"{side}: seconds of the processor", costs["processor_seconds"])
        rows[-1]["phases"] = costs["seconds"]
        add(f"{side}: peak memory, MiB", (costs["peak_memory"] or 0) / 2**20)
    add("kronfluence: memory before it starts, MiB", (other["memory_before"] or 0) / 2**20)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suture", type=pathlib.Path, required=True, help="the program")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="a folder")
    parser.add_argument("--model", type=pathlib.Path, default=EXAMPLE / "model", help="of Llama's architecture")
    parser.add_argument("--training", type=pathlib.Path, default=EXAMPLE / "training.jsonl", help='lines {"prompt": …, "response": …}')
    parser.add_argument("--queries", type=pathlib.Path, default=EXAMPLE / "prompts" / "queries.json",
                        help='a list of {"prompt": …, "answer": …}')
    parser.add_argument("--examples", type=int, help="use the first ones; all if not given")
    parser.add_argument("--asked", type=int, help="use the first queries; all if not given")
    parser.add_argument("--estimators", nargs="+", default=list(STRATEGIES), choices=list(STRATEGIES))
    parser.add_argument("--modules", default="mlp", choices=["mlp", "all"])
    parser.add_argument("--rank", type=int, help="of the queries' gradients, on both sides; exact if not given")
    parser.add_argument("--whole", action="store_true", help="let kronfluence run the last token of examples")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64, help="examples that kronfluence runs at once")
    arguments = parser.parse_args()
    for name in ("suture", "output", "model", "training", "queries"):
        setattr(arguments, name, getattr(arguments, name).absolute())
    for name in ("kronfluence", "transformers"):
        if importlib.util.find_spec(name) is None:
            parser.error(f"this Python has no {name}; install it with pip install {name}")
    for name in ("suture", "model", "training", "queries"):
        if not getattr(arguments, name).exists():
            parser.error(f"--{name}: there is no '{getattr(arguments, name)}'")
    arguments.output.mkdir(parents=True, exist_ok=True)
    rows = []
    for estimator in arguments.estimators:
        for row in check(arguments, estimator):
            verdict = {None: "", True: "within its bound", False: "MISSES ITS BOUND"}[row["passes"]]
            print(f"{row['estimator']:9} {row['figure']:46} {row['value']:<12.7g} {verdict}".rstrip(), flush=True)
            rows.append(row)
    (arguments.output / "report.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    sys.exit(any(row["passes"] is False for row in rows))


if __name__ == "__main__":
    main()
