# SPDX-License-Identifier: Apache-2.0
"""Influence scores by kronfluence and by plain gradients of PyTorch, and the comparison of other scores with them.

    python check_influence.py score MODEL TRAINING QUERIES --output FOLDER [--estimators ekfac kfac identity gradient]
    python check_influence.py compare FOLDER/ekfac.safetensors OURS [--name KIND=THEIRS]

TRAINING and QUERIES have one object per line, {"prompt": …, "response": …}. The loss is the sum over the tokens of the response, also as
the measurement of a query, so a positive score says that training on the example makes the response of the query more likely. The factors
use the labels of the data (the empirical Fisher) and float32. The modules are the MLP projections of every block.

`score` writes ESTIMATOR.safetensors with the tensor "scores" [queries, examples]; ESTIMATOR-factors.safetensors with MODULE.KIND, where KIND
is activation_covariance, gradient_covariance (both divided by the number of tokens), activation_eigenvectors, gradient_eigenvectors or
lambda (divided by the number of examples); and report.json with the seconds and the peak memory of each phase.

`compare` prints Spearman's coefficient over all scores and the lowest of a query, or for files of factors the differences of each kind. It
compares the tensors that both files have, except eigenvectors, of which the signs and the order within equal eigenvalues are free. A
difference is relative to the largest entry of the tensor in the first file.

Needs torch, transformers, safetensors and kronfluence (1.0.1).
"""
import argparse
import json
import pathlib
import resource
import sys
import time

import safetensors.torch
import torch

PROJECTIONS = ("gate_proj", "up_proj", "down_proj")
FACTORS = {"activation_covariance": "num_activation_covariance_processed", "gradient_covariance": "num_gradient_covariance_processed",
           "activation_eigenvectors": None, "gradient_eigenvectors": None, "lambda_matrix": "num_lambda_processed"}


class Phases:
    """Seconds and peak memory of named pieces of work."""

    def __init__(self):
        self.rows = {}

    def run(self, name, work):
        try:
            pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
        except OSError:
            pass
        start = time.monotonic()
        result = work()
        self.rows[name] = {"seconds": round(time.monotonic() - start, 3), "peak_mib": round(self.peak(), 1)}
        print(f"{name}: {self.rows[name]['seconds']:.2f} s, peak {self.rows[name]['peak_mib']:.0f} MiB", flush=True)
        return result

    def peak(self):
        status = pathlib.Path("/proc/self/status")
        if status.exists():
            return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1024)


class Rows(torch.utils.data.Dataset):
    """The examples of a file, as tokens and labels padded at the end to one length."""

    def __init__(self, path, tokenizer):
        self.items = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            row = json.loads(line)
            prompt = tokenizer(row["prompt"])["input_ids"]
            response = tokenizer(row["response"], add_special_tokens=False)["input_ids"]
            if not response:
                sys.exit(f"{path}:{number}: the response has no token")
            self.items.append((prompt + response, [-100] * len(prompt) + response))
        self.length = max(len(tokens) for tokens, _ in self.items)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        tokens, labels = self.items[index]
        pad = self.length - len(tokens)
        return {"input_ids": torch.tensor(tokens + [0] * pad), "labels": torch.tensor(labels + [-100] * pad),
                "attention_mask": torch.tensor([1] * len(tokens) + [0] * pad)}


def loss(model, batch):
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False).logits[:, :-1].float()
    return torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), batch["labels"][:, 1:].reshape(-1), reduction="sum",
                                             ignore_index=-100)


def tracked(model):
    return [name for name, module in model.named_modules() if name.split(".")[-1] in PROJECTIONS and isinstance(module, torch.nn.Linear)]


def by_gradients(model, training, queries):
    """Inner products of the gradients of the tracked weights, one backward pass per example."""
    for parameter in model.parameters():
        parameter.requires_grad = False
    weights = [model.get_submodule(name).weight.requires_grad_() for name in tracked(model)]

    def gradient(rows, index):
        tokens = len(rows.items[index][0])
        batch = {key: value[None, :tokens] for key, value in rows[index].items()}
        return torch.cat([part.flatten() for part in torch.autograd.grad(loss(model, batch), weights)])

    asked = torch.stack([gradient(queries, index) for index in range(len(queries))])
    return torch.stack([asked @ gradient(training, index) for index in range(len(training))], dim=1)


def by_kronfluence(model, strategy, training, queries, arguments, phases):
    """(scores, factors) of one of kronfluence's strategies."""
    import kronfluence

    class Language(kronfluence.task.Task):
        def compute_train_loss(self, batch, model, sample=False):
            return loss(model, batch)

        def compute_measurement(self, batch, model):
            return loss(model, batch)

        def get_influence_tracked_modules(self):
            return tracked(model)

        def get_attention_mask(self, batch):
            return batch["attention_mask"]

    task = Language()
    model = kronfluence.prepare_model(model, task)
    analyzer = kronfluence.Analyzer(strategy, model, task, cpu=True, disable_tqdm=True, output_dir=str(arguments.output / "kronfluence"))
    settings = kronfluence.FactorArguments(strategy=strategy, use_empirical_fisher=True)
    common = {"factors_name": strategy, "factor_args": settings, "overwrite_output_dir": True}
    fitting = common | {"dataset": training, "per_device_batch_size": arguments.batch}
    if strategy == "identity":
        analyzer.fit_all_factors(**fitting)  # only writes the settings
    else:
        phases.run(f"{strategy} covariances", lambda: analyzer.fit_covariance_matrices(**fitting))
        phases.run(f"{strategy} eigenvectors", lambda: analyzer.perform_eigendecomposition(**common))
        phases.run(f"{strategy} lambda", lambda: analyzer.fit_lambda_matrices(**fitting))
    phases.run(f"{strategy} scores", lambda: analyzer.compute_pairwise_scores(
        scores_name=strategy, factors_name=strategy, query_dataset=queries, train_dataset=training, overwrite_output_dir=True,
        per_device_query_batch_size=arguments.query_batch or len(queries), per_device_train_batch_size=arguments.batch,
        score_args=kronfluence.ScoreArguments(damping_factor=None)))
    loads = (analyzer.load_covariance_matrices, analyzer.load_eigendecomposition, analyzer.load_lambda_matrices)
    loaded = {kind: value for load in loads for kind, value in (load(strategy) or {}).items()}
    found = {}
    for kind, count in FACTORS.items():
        for module, value in loaded.get(kind, {}).items():
            found[f"{module}.{kind.removesuffix('_matrix')}"] = (value / loaded[count][module] if count else value).contiguous()
    return analyzer.load_pairwise_scores(strategy)["all_modules"], found


def score(arguments):
    import transformers

    torch.set_num_threads(arguments.threads)
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
    training, queries = (Rows(path, tokenizer) for path in (arguments.training, arguments.queries))
    arguments.output.mkdir(parents=True, exist_ok=True)
    phases = Phases()
    for estimator in arguments.estimators:
        model = transformers.AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval()
        if estimator == "gradient":
            scores, factors = phases.run("gradient", lambda: by_gradients(model, training, queries)), {}
        else:
            scores, factors = by_kronfluence(model, estimator, training, queries, arguments, phases)
        safetensors.torch.save_file({"scores": scores.contiguous()}, arguments.output / f"{estimator}.safetensors")
        if factors:
            safetensors.torch.save_file(factors, arguments.output / f"{estimator}-factors.safetensors")
    report = {"examples": len(training), "queries": len(queries), "threads": arguments.threads, "batch": arguments.batch,
              "phases": phases.rows}
    (arguments.output / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def ranks(values):
    """From 1; equal values share the mean of their ranks."""
    _, place, count = torch.unique(values, sorted=True, return_inverse=True, return_counts=True)
    last = count.cumsum(0).double()
    return (last - (count.double() - 1) / 2)[place]


def spearman(first, second):
    return torch.corrcoef(torch.stack([ranks(first.flatten()), ranks(second.flatten())]))[0, 1].item()


def compare(arguments):
    theirs, ours = (safetensors.torch.load_file(path) for path in (arguments.reference, arguments.ours))
    renamed = dict(pair.split("=", 1) for pair in arguments.name)
    worst = {}
    for name, reference in theirs.items():
        module, _, kind = name.rpartition(".")
        other = ours.get(f"{module}.{renamed.get(kind, kind)}" if module else renamed.get(kind, kind))
        if other is None or kind.endswith("eigenvectors"):
            continue
        if other.shape != reference.shape:
            sys.exit(f"{name} has the shape {list(reference.shape)} in the first file and {list(other.shape)} in the second")
        reference, other = reference.double(), other.double()
        gap = ((other - reference).abs().max() / reference.abs().max()).item()
        worst[kind] = max(worst.get(kind, (0.0, "")), (gap, name))
        if kind == "scores":
            each = min(spearman(a, b) for a, b in zip(reference, other))
            print(f"Spearman: {spearman(reference, other):.6f} over all scores, {each:.6f} for the query where it is lowest")
    if not worst:
        sys.exit("the two files have no tensor in common; --name KIND=THEIRS renames")
    for kind, (gap, name) in worst.items():
        print(f"{kind}: largest relative difference {gap:.2e} ({name})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("score")
    for name in ("model", "training", "queries"):
        command.add_argument(name, type=pathlib.Path)
    command.add_argument("--output", type=pathlib.Path, required=True)
    command.add_argument("--estimators", nargs="+", default=["ekfac", "kfac", "gradient"], choices=["ekfac", "kfac", "identity", "gradient"])
    command.add_argument("--batch", type=int, default=16)
    command.add_argument("--query-batch", type=int, default=0, help="0: all queries at once")
    command.add_argument("--threads", type=int, default=1)
    command.set_defaults(run=score)
    command = commands.add_parser("compare")
    command.add_argument("reference", type=pathlib.Path)
    command.add_argument("ours", type=pathlib.Path)
    command.add_argument("--name", action="append", default=[], metavar="KIND=THEIRS")
    command.set_defaults(run=compare)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
