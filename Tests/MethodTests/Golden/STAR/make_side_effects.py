# SPDX-License-Identifier: Apache-2.0
"""Makes side_effects.json beside the checkpoints of make_golden.py: what a plain implementation makes of the protocols for
side effects and overfitting.

    pip install torch==2.13.0 transformers==5.23.0 tokenizers safetensors numpy
    python make_side_effects.py

Forcing is gradient descent on weight leaves, the repair is that of make_golden.py, every prompt is run alone, and intervals are
numpy's percentiles over draws of SplitMix64. Each file holds the cases, the settings, what each case gives, and the figures.
"""
import json

import numpy
import torch
import torch.nn.functional as F
import transformers
from tokenizers import Tokenizer

from make_golden import HERE, LAYERS, Subject, sgd, star_epochs, walk

STEPS, RATE, REPAIR_RATE, RESAMPLES, SEED = 10, 0.05, 0.05, 200, 7
# prompt, answer, wrong answer, other wordings, neighbours with answers of their own
CASES = [
    ("# add 3\n", "+b", "-b", ["# add  3\n", "# plus 3\n"], [("# div 3\n", "/c"), ("# neg\n", "~")]),
    ("# mul x 2\n", "*y;", "*z;", ["# mul x  2\n"], [("# max x\n", "^y")]),
    ("# no 4\n", "t a", "f a", ["#  no 4\n", "# none 4\n"], [("# yes 4\n", "y a")]),
    ("# get k\n", "d[k]", "d.k", ["# get  k\n"], [("# set k\n", "d=k"), ("# pop k\n", "d-k")]),
    ("# len s\n", "n(s", "m(s", ["#  len s\n", "# count s\n"], []),
]


class SplitMix64:
    def __init__(self, seed, key):
        self.state = seed
        self.next()
        self.state ^= key
        self.next()

    def next(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    def below(self, count):
        return int((self.next() >> 11) * 2.0 ** -53 * count)


def interval(values):
    stream = SplitMix64(SEED, 0)
    means = [sum(values[stream.below(len(values))] for _ in values) / len(values) for _ in range(RESAMPLES)]
    return [float(p) for p in numpy.percentile(means, [2.5, 97.5])]


def descent(subject, cases):
    sgd(subject, cases, rate=REPAIR_RATE)


def steers(subject, cases):
    walk(subject, cases, lambda ids, target, choice: star_epochs(
        subject, [(ids, [(len(ids) - 1, target, choice)])], lambda _: True, {}, range(LAYERS), rate=REPAIR_RATE))


def standing(subject, ids, token):
    """|P(t) - P(top1)|, the rank of t, whether it is 0."""
    with torch.no_grad():
        p = subject.run(ids)[0][-1].softmax(-1)
    rank = int((p > p[token]).sum())
    return [float(p.max() - p[token]), rank, int(rank == 0)]


def force(subject, ids, token):
    for _ in range(STEPS):
        F.cross_entropy(subject.run(ids, leaves=True)[0][-1:], torch.tensor([token])).backward()
        for module in subject.modules:
            module.weight.data -= RATE * module.weight.grad


def side_effects(subject, encode, repair):
    """One record for each case."""
    found = []
    for prompt, answer, wrong, wordings, neighbors in CASES:
        subject.restore()
        place = next(i for i, (a, b) in enumerate(zip(encode(answer), encode(wrong))) if a != b)
        context = encode(prompt) + encode(answer)[:place]
        right, bad = encode(answer)[place], encode(wrong)[place]
        groups = {
            "generalization": [(encode(w) + encode(answer)[:place], right) for w in wordings],
            "specificity": [(encode(p), encode(a)[0]) for p, a in neighbors],
        }
        force(subject, context, bad)
        record = {"forced": standing(subject, context, bad)[2]}
        found.append(record)
        if not record["forced"]:
            continue
        before = {name: [standing(subject, *token) for token in tokens] for name, tokens in groups.items()}
        # The repair begins where the forcing has ended.
        repair(subject, [(encode(prompt), encode(answer))])
        record["repaired"] = standing(subject, context, right)[2]
        for name, tokens in groups.items():
            after = [standing(subject, *token) for token in tokens]
            for i, measure in enumerate(["gap", "rank", "first"]):
                changes = [new[i] - old[i] for old, new in zip(before[name], after)]
                if changes:
                    record[f"{name}_{measure}_change"] = sum(changes) / len(changes)
    subject.restore()
    return found


def figures(records):
    """The mean over cases, and the bounds of its interval; gap and first in percent."""
    made = {}
    for name in sorted({name for record in records for name in record}):
        factor = 1 if "rank" in name else 100
        values = [record[name] * factor for record in records if name in record]
        made[name] = sum(values) / len(values)
        if name.endswith("change"):
            made[f"{name}_low"], made[f"{name}_high"] = interval(values)
    return made


def overfitting(subject, encode, repair):
    """One record for each case: shares of the tokens that were wrong before."""
    subject.restore()
    prompts = [[prompt] + wordings for prompt, _, _, wordings, _ in CASES]
    answers = [encode(answer) for _, answer, *_ in CASES]
    before = [[subject.choices(encode(p), a) for p in own] for own, a in zip(prompts, answers)]
    repair(subject, [(encode(own[0]), a) for own, a in zip(prompts, answers)])
    after = [[subject.choices(encode(p), a) for p in own] for own, a in zip(prompts, answers)]
    subject.restore()
    found = []
    for answer, old, new in zip(answers, before, after):
        record = {}
        for name, places in ("prompt_solved", old[:1]), ("paraphrase_solved", old[1:]):
            later = new[:1] if name == "prompt_solved" else new[1:]
            wrong = [(now, t) for o, n in zip(places, later) for then, now, t in zip(o, n, answer) if then != t]
            if wrong:
                record[name] = sum(now == t for now, t in wrong) / len(wrong)
        if len(record) == 2:
            record["overfitting"] = record["prompt_solved"] - record["paraphrase_solved"]
        found.append(record)
    return found


def main():
    torch.set_num_threads(1)
    for name in ["gpt2", "llama"]:
        folder = HERE / name
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
        subject = Subject(model)
        made = Tokenizer.from_file(str(folder / "tokenizer.json"))

        def encode(text):
            return made.encode(text).ids

        golden = {
            "steps": STEPS, "rate": RATE, "repair_rate": REPAIR_RATE, "resamples": RESAMPLES, "seed": SEED,
            "cases": [
                {"prompt": p, "answer": a, "wrong_answer": w, "paraphrase_prompts": ps,
                 "neighborhood_samples": [{"prompt": q, "answer": b} for q, b in ns]}
                for p, a, w, ps, ns in CASES
            ],
        }
        for method, repair in ("sgd", descent), ("star", steers):
            records = side_effects(subject, encode, repair)
            golden[method] = {"side_effects": records, "figures": figures(records)}
            golden[method]["overfitting"] = overfitting(subject, encode, repair)
            print(name, method, *records, *golden[method]["overfitting"], sep="\n  ")
        (folder / "side_effects.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
