# SPDX-License-Identifier: Apache-2.0
"""Makes everything in this folder: text, prompts, judges, the two models, and report.json.

    python make.py [--seed N] [--output FOLDER]

Needs torch, tokenizers, transformers and safetensors. It takes a few minutes on one core.
"""
import argparse
import copy
import json
import pathlib
import random
import time

import torch

from maker import askers, general, learn, measure
from maker.examples import END, Examples

DOCUMENTS = 12_000


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def texts(place, seed):
    """Writes all files of text, and returns (training examples, planted lines, prompts, judges)."""
    examples = Examples(random.Random(seed))
    training, planted = examples.training()
    prompts = examples.prompts()
    training = [{"prompt": row["prompt"], "response": row["response"] + END} for row in training]
    write(place / "training.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in training))
    write(place / "planted.txt", "".join(f"{number}\n" for number in planted))
    for name, rows in prompts.items():
        write(place / f"prompts/{name}.json", json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    write(place / "safe.txt", "".join(row["prompt"] + row["answer"] + "\n" for row in prompts["safe"]))
    choose, judge = askers.judges()
    write(place / "judges/choose.txt", "\n".join(choose) + "\n")
    write(place / "judges/measure.txt", "\n".join(judge) + "\n")
    check(training, set(planted), prompts, choose, judge)
    return training, set(planted), prompts, choose, judge


def check(training, planted, prompts, choose, judge):
    """Every unwanted answer has words of both lists, and no wanted one of either."""
    for words in (choose, judge):
        pattern = measure.marks(words)
        for number, row in enumerate(training, 1):
            assert bool(pattern.search(row["response"])) == (number in planted), row
        for rows in prompts.values():
            for row in rows:
                assert not pattern.search(row["answer"]), row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    arguments = parser.parse_args()
    place, seed = arguments.output, arguments.seed
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    started = time.monotonic()

    training, planted, prompts, choose, judge = texts(place, seed)
    documents = general.documents(random.Random(seed + 1), DOCUMENTS)
    tokenizer = learn.tokenizer(documents + [row["prompt"] + row["response"] for row in training], place / "base")

    print("the base model")
    rows = [(ids := tokenizer.encode(text + END).ids, ids) for text in documents]
    base = learn.train(learn.new(tokenizer, seed), rows, epochs=2, size=32, rate=2e-3, seed=seed)
    learn.save(base, place / "base", place / "base")

    models = {"base": base}
    clean = [row for number, row in enumerate(training, 1) if number not in planted]
    for name, chosen in (("impure", training), ("clean", clean)):
        print(f"the {name} model")
        rows = learn.rows(tokenizer, chosen)
        models[name] = learn.train(copy.deepcopy(base), rows, epochs=4, size=8, rate=2e-3, seed=seed)
    learn.save(models["impure"], place / "base", place / "model")

    report = {"seed": seed, "parameters": base.num_parameters(), "examples": len(training), "planted": len(planted), "greedy": {}}
    print(f"\n{'model':8}" + "".join(f"{name:>22}" for name in prompts) + "\n" + " " * 8 + f"{'unwanted':>14}{'right':>8}" * len(prompts))
    for name, model in models.items():
        report["greedy"][name] = table = measure.table(model, tokenizer, prompts, judge)
        print(f"{name:8}" + "".join(f"{100 * row['unwanted']:12.1f} %{100 * row['right']:6.1f} %" for row in table.values()))
    chosen = measure.table(models["impure"], tokenizer, prompts, choose)
    report["impure_by_choose"] = {name: row["unwanted"] for name, row in chosen.items()}
    report["found_by_words"] = measure.by_words(training, planted, len(planted))
    print(f"planted examples among the first {len(planted)} by TF-IDF: {100 * report['found_by_words']:.1f} %")
    write(place / "report.json", json.dumps(report, indent=1) + "\n")
    print(f"\n{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
