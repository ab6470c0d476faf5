# SPDX-License-Identifier: Apache-2.0
"""Influence scores by the library kronfluence, or by PyTorch's autograd alone. `check_influence.py` starts it for each measurement.

    python peer_influence.py JOB.json

The job has "method" (kfac, ekfac, identity or autograd), "model", "examples" and "queries" (lists of [prompt, response]), "output" (a
folder), "projections" (the modules, by the last part of their names), "threads", "batch", "rank" and "whole". The folder gets
METHOD.safetensors and METHOD.json.

The tensor "scores" is [examples, queries]. The loss is the sum over the tokens of the response, also as the measurement of a query, so a
positive score says that training on the example makes the response of the query more likely. "A MODULE" and "S MODULE" are kronfluence's
covariances divided by the number of tokens, and "Lambda MODULE" is its eigenvalues divided by the number of examples.
"""
import json
import pathlib
import sys
import time
import warnings

import safetensors.torch
import torch
import transformers


def rows(texts, tokenizer, whole):
    """Tokens, and for each position the token that is predicted there or -100. The last token predicts nothing and is left out unless
    `whole`."""
    found = []
    for prompt, response in texts:
        prompt = tokenizer(prompt)["input_ids"]
        tokens = prompt + tokenizer(response, add_special_tokens=False)["input_ids"]
        labels = [-100] * (len(prompt) - 1) + tokens[len(prompt):]
        found.append((tokens, labels + [-100]) if whole else (tokens[:-1], labels))
    return found


def padded(batch):
    length = max(len(tokens) for tokens, _ in batch)

    def filled(lists, filler):
        return torch.tensor([one + [filler] * (length - len(one)) for one in lists])

    return {"input_ids": filled((tokens for tokens, _ in batch), 0), "labels": filled((labels for _, labels in batch), -100),
            "attention_mask": filled(([1] * len(tokens) for tokens, _ in batch), 0)}


def loss(model, batch):
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), reduction="sum", ignore_index=-100)


def tracked(model, job):
    return [name for name, _ in model.named_modules() if name.split(".")[-1] in job["projections"]]


def autograd(model, examples, queries, job):
    """Inner products of gradients, one backward pass an example."""
    model.requires_grad_(False)
    weights = [model.get_submodule(name).weight.requires_grad_() for name in tracked(model, job)]

    def gradient(row):
        return torch.cat([part.flatten() for part in torch.autograd.grad(loss(model, padded([row])), weights)])

    asked = torch.stack([gradient(row) for row in queries])
    return torch.stack([asked @ gradient(row) for row in examples])


def kronfluence(model, examples, queries, job, seconds):
    """The scores, and the factors by name."""
    from kronfluence import Analyzer, FactorArguments, ScoreArguments, prepare_model
    from kronfluence.task import Task
    from kronfluence.utils.dataset import DataLoaderKwargs

    class Language(Task):
        def compute_train_loss(self, batch, model, sample=False):
            return loss(model, batch)

        def compute_measurement(self, batch, model):
            return loss(model, batch)

        def get_influence_tracked_modules(self):
            return tracked(model, job)

        def get_attention_mask(self, batch):
            return batch["attention_mask"]

    def timed(name, work, **settings):
        start = time.monotonic()
        work(**settings)
        seconds[name] = time.monotonic() - start

    method = job["method"]
    task = Language()
    analyzer = Analyzer(method, prepare_model(model, task), task, cpu=True, disable_tqdm=True, output_dir=job["output"] + "/kronfluence")
    analyzer.set_dataloader_kwargs(DataLoaderKwargs(collate_fn=padded))
    common = {"factors_name": method, "overwrite_output_dir": True,
              "factor_args": FactorArguments(strategy=method, use_empirical_fisher=True)}
    fitting = common | {"dataset": examples, "per_device_batch_size": job["batch"]}
    if method == "identity":
        analyzer.fit_all_factors(**fitting)  # writes its settings and fits nothing
    else:
        timed("covariances", analyzer.fit_covariance_matrices, **fitting)
        timed("eigenvectors", analyzer.perform_eigendecomposition, **common)
    if method == "ekfac":
        timed("eigenvalues", analyzer.fit_lambda_matrices, **fitting)
    # Without a damping factor, it is 0.1 times the mean of the eigenvalues.
    timed("scores", analyzer.compute_pairwise_scores, scores_name=method, factors_name=method, query_dataset=queries,
          train_dataset=examples, per_device_query_batch_size=len(queries), per_device_train_batch_size=job["batch"],
          overwrite_output_dir=True, score_args=ScoreArguments(damping_factor=None, query_gradient_low_rank=job["rank"]))

    def factors(letter, name, loaded, counted):
        return {f"{letter} {module}": value.double() / loaded[counted][module] for module, value in loaded[name].items()}

    found = {}
    if method != "identity":
        covariances = analyzer.load_covariance_matrices(method)
        found |= factors("A", "activation_covariance", covariances, "num_activation_covariance_processed")
        found |= factors("S", "gradient_covariance", covariances, "num_gradient_covariance_processed")
    if method == "ekfac":
        found |= factors("Lambda", "lambda_matrix", analyzer.load_lambda_matrices(method), "num_lambda_processed")
    return analyzer.load_pairwise_scores(method)["all_modules"].T, found


def memory(key):
    """A figure of this process in bytes, where the system has /proc."""
    status = pathlib.Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":")), None)


def main():
    job = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    method, output = job["method"], pathlib.Path(job["output"])
    torch.set_num_threads(job["threads"])
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning)  # kronfluence uses a name of torch that is going away
    tokenizer = transformers.AutoTokenizer.from_pretrained(job["model"])
    wide = torch.float64 if method == "autograd" else torch.float32
    model = transformers.AutoModelForCausalLM.from_pretrained(job["model"], dtype=wide).eval()
    examples, queries = (rows(job[name], tokenizer, job["whole"]) for name in ("examples", "queries"))
    report = {"seconds": {}, "memory_before": memory("VmRSS")}
    before = time.process_time()
    if method == "autograd":
        start = time.monotonic()
        scores, factors = autograd(model, examples, queries, job), {}
        report["seconds"]["scores"] = time.monotonic() - start
    else:
        scores, factors = kronfluence(model, examples, queries, job, report["seconds"])
    report["processor_seconds"] = time.process_time() - before
    report["peak_memory"] = memory("VmHWM")
    tensors = {"scores": scores} | factors
    safetensors.torch.save_file({name: value.contiguous() for name, value in tensors.items()}, output / f"{method}.safetensors")
    (output / f"{method}.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
