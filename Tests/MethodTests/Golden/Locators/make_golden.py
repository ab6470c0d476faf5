# SPDX-License-Identifier: Apache-2.0
"""Makes composition.json: the logit lens and the effects of exchanged values, by transformers and forward hooks alone.

    pip install torch==2.13.0 transformers safetensors
    python3 Tests/MethodTests/Golden/Locators/make_golden.py
    python3 Tests/MethodTests/Golden/Locators/make_golden.py MODEL RECORDS OUT    # any Llama or GPT-2, cases of two-hop's plain form

The models are the tiny ones of ../STAR. Each record holds, for layers 0 ... L: `lens` and `lens_norm` of the answer (with the
last layer's norm in both), and `effects` by kind and position, [layer]: window 1 at residual_out, else [l - 3, l + 2].
"""
import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).parent


def modules(model):
    """Blocks, attention outputs, MLPs, the final norm."""
    if model.config.model_type == "gpt2":
        t = model.transformer
        return list(t.h), [b.attn.c_proj for b in t.h], [b.mlp for b in t.h], t.ln_f
    t = model.model
    return list(t.layers), [b.self_attn.o_proj for b in t.layers], [b.mlp for b in t.layers], t.norm


def value(output):
    return output[0] if isinstance(output, tuple) else output


def run(model, ids, patches=((),), keep=()):
    """Logits after the last token, one row per member of `patches`: its (module, position, vector) are put in along that row.

    `keep`: modules whose output along the first row is returned.
    """
    seen, hooks, wanted = {}, [], {}
    for row, patch in enumerate(patches):
        for module, position, vector in patch:
            wanted.setdefault(module, []).append((row, position, vector))
    for module in keep:
        hooks.append(module.register_forward_hook(lambda m, i, o: seen.__setitem__(m, value(o)[0].clone())))
    for module in wanted:
        def hook(m, i, o):
            for row, position, vector in wanted[m]:
                value(o)[row, position] = vector
            return o
        hooks.append(module.register_forward_hook(hook))
    with torch.no_grad():
        output = model(torch.tensor([ids] * len(patches)), output_hidden_states=True, logits_to_keep=1)
    for hook in hooks:
        hook.remove()
    return output, seen


def last_of(tokenizer, text, phrase):
    """The last token that reaches into the phrase."""
    start = text.index(phrase)
    offsets = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    return max(i for i, (a, b) in enumerate(offsets) if b > start and a < start + len(phrase))


def record(model, tokenizer, case):
    blocks, attention, mlps, norm = modules(model)
    layers = len(blocks)
    ids, guide = tokenizer(case["prompt"])["input_ids"], tokenizer(case["hop2"])["input_ids"]
    answer = tokenizer(case["prompt"] + " " + case["answer"])["input_ids"][len(ids):]
    base, _ = run(model, ids)

    def read(logits):
        p = logits.float().softmax(-1)
        return p[answer].mean().item()

    hidden = [h[0, -1] for h in base.hidden_states]
    head = model.get_output_embeddings()
    with torch.no_grad():
        lens = [read(head(h)) for h in hidden]
        lens_norm = [read(head(norm(h))) for h in hidden[:-1]] + [read(head(hidden[-1]))]
    _, seen = run(model, guide, keep=blocks + attention + mlps)
    positions = {"last": (len(ids) - 1, len(guide) - 1),
                 "subject_last": (last_of(tokenizer, case["prompt"], case["description"]),
                                  last_of(tokenizer, case["hop2"], case["bridge"]))}
    before = read(base.logits[0, -1])
    effects = {}
    for kind, places in [("residual_out", blocks), ("attention_output", attention), ("mlp_output", mlps)]:
        for name, (here, there) in positions.items():
            windows = [(layer, layer + 1) if kind == "residual_out" else (max(0, layer - 3), min(layers, layer + 3))
                       for layer in range(layers)]
            patches = [[(places[i], here, seen[places[i]][there]) for i in range(*window)] for window in windows]
            row = [read(logits) - before for logits in run(model, ids, patches)[0].logits[:, -1]]
            effects[f"{kind} {name}"] = row
    return dict(case, lens=lens, lens_norm=lens_norm, effects=effects)


def measure(folder, cases):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(pathlib.Path(folder) / "tokenizer.json"))
    return [record(model, tokenizer, case) for case in cases]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        model, records, out = sys.argv[1:]
        pathlib.Path(out).write_text(json.dumps(measure(model, json.load(open(records))), indent=1))
    else:
        cases = [
            {"prompt": "the sum of the value of it is", "description": "the value of it", "hop2": "the sum of x is",
             "bridge": "x", "answer": "the value"},
            {"prompt": "return the name of a list to", "description": "the name of a list", "hop2": "return name to",
             "bridge": "name", "answer": "list"}]
        made = {family: measure(HERE.parent / "STAR" / family, cases) for family in ["gpt2", "llama"]}
        (HERE / "composition.json").write_text(json.dumps(made, indent=1) + "\n")
