# SPDX-License-Identifier: Apache-2.0
"""Asks llama.cpp the cases of a patch, without and with the adapter that `suture patch export --gguf` wrote.

    pip install llama-cpp-python
    python3 Scripts/check_gguf_adapter.py FILE.gguf ADAPTER.gguf PATCH

FILE is the GGUF file of the model that PATCH was made for, quantised or not. For each recorded case, the object and the former object
are compared by the probability of their first token after the prompt. Exit status: 0 where the adapter makes the new object the
likelier one in nine of ten cases and in more than without it; 1 otherwise.
"""
import argparse
import json
import math
import pathlib
import sys

from llama_cpp import Llama


def logarithms(model, prompt, objects):
    """The log-probability of each object's first token after the prompt."""
    tokens = model.tokenize(prompt.encode(), add_bos=model.metadata.get("tokenizer.ggml.add_bos_token") == "true", special=True)
    model.reset()
    model.eval(tokens)
    logits = model.scores[len(tokens) - 1]
    largest = max(logits)
    total = math.log(sum(math.exp(value - largest) for value in logits)) + largest
    firsts = [model.tokenize((" " + text.strip()).encode(), add_bos=False)[0] for text in objects]
    return [float(logits[token]) - total for token in firsts]


def likelier(file, adapter, cases):
    settings = {"lora_path": str(adapter)} if adapter else {}
    model = Llama(str(file), n_ctx=512, logits_all=True, verbose=False, n_threads=1, **settings)
    found = []
    for case in cases:
        new, old = logarithms(model, case["prompt"], [case["new"], case["old"]])
        found.append(new > old)
        print(f"  {case['prompt']!r}: {case['new']} {new:.2f}, {case['old']} {old:.2f}")
    return found


def cases_of(patch):
    """Prompt, object and former object of each recorded case that has them."""
    found = []
    for line in (patch / "cases.jsonl").read_text().splitlines():
        record = json.loads(line)
        prompt = record["prompt"].replace("{}", record["subject"])
        case = {"prompt": prompt, "new": record["target_new"], "old": record.get("target_true")}
        if case["old"]:
            found.append(case)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["file", "adapter", "patch"]:
        parser.add_argument(name, type=pathlib.Path)
    arguments = parser.parse_args()
    cases = cases_of(arguments.patch)
    counts = {}
    for name, adapter in [("without", None), ("with", arguments.adapter)]:
        print(f"{name} the adapter:")
        counts[name] = sum(likelier(arguments.file, adapter, cases))
    print(f"the new object is likelier in {counts['without']} of {len(cases)} cases without the adapter, in {counts['with']} with it")
    return 0 if counts["with"] >= 0.9 * len(cases) and counts["with"] > counts["without"] else 1


if __name__ == "__main__":
    sys.exit(main())
