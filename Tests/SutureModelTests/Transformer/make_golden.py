# SPDX-License-Identifier: Apache-2.0
"""Makes Golden/: a tiny random checkpoint of each family, and what transformers computes with it.

    pip install torch==2.13.0 transformers==5.23.0 safetensors
    python make_golden.py            # everything
    python make_golden.py NAME …     # these families alone
    python make_golden.py --sites    # sites.safetensors alone, from the checkpoints that are there

Each folder holds config.json, model.safetensors and golden.safetensors: `tokens` [2, 9] (row 1 has 6 real tokens),
`logits` [2, 9, vocabulary] in float32, and `hidden` [layer + 1, 2, 9, dModel], transformers' hidden_states without the
last, which it normalises.

sites.safetensors holds what forward hooks on transformers' modules see in both layers, with zeros at padding:
`attention_input`, `query`, `key`, `value`, `gate` (where there is one) and `up`, each [layer, 2, 9, width], and
`attention_pattern` [layer, 2, 9, head, 9] from output_attentions with eager attention, positions before heads. It was
made with transformers 5.24.0, after the other files; 5.23.0 makes the same but for rounding.
"""
import json
import pathlib
import shutil
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent / "Golden"
SMALL = dict(vocab_size=61, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=32)
GATED = dict(SMALL, intermediate_size=40, num_key_value_heads=2)
SCALED = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 16}
FAMILIES = {
    "gpt2": transformers.GPT2Config(vocab_size=61, n_embd=24, n_layer=2, n_head=4, n_positions=32),
    "llama-tied-grouped": transformers.LlamaConfig(**GATED, tie_word_embeddings=True, rope_parameters=SCALED),
    "llama-untied": transformers.LlamaConfig(**dict(GATED, num_key_value_heads=4), tie_word_embeddings=False),
    "qwen2": transformers.Qwen2Config(**GATED, tie_word_embeddings=True),
    "qwen2-untied": transformers.Qwen2Config(**GATED, tie_word_embeddings=False),
    "mistral": transformers.MistralConfig(**GATED, sliding_window=None, head_dim=8),
    "gptj": transformers.GPTJConfig(vocab_size=61, n_embd=24, n_layer=2, n_head=4, n_positions=32, rotary_dim=4),
    "gpt_neox": transformers.GPTNeoXConfig(**SMALL, intermediate_size=40, rotary_pct=2 / 3, use_parallel_residual=True,
                                           hidden_act="gelu"),
    "gpt_neox-serial": transformers.GPTNeoXConfig(**SMALL, intermediate_size=40, rotary_pct=2 / 3, use_parallel_residual=False),
    "starcoder2": transformers.Starcoder2Config(**GATED, sliding_window=None, use_bias=True),
    "starcoder2-untied": transformers.Starcoder2Config(**GATED, sliding_window=None, use_bias=False,
                                                       tie_word_embeddings=False, hidden_act="gelu"),
}


def parts(model):
    """Of each layer: the attention norm, the modules with query, key and value, and those of gate and up."""
    kind = model.config.model_type
    if kind == "gpt2":
        return [(b.ln_1, [b.attn.c_attn], None, b.mlp.c_fc) for b in model.transformer.h]
    if kind == "gptj":
        return [(b.ln_1, [b.attn.q_proj, b.attn.k_proj, b.attn.v_proj], None, b.mlp.fc_in) for b in model.transformer.h]
    if kind == "gpt_neox":
        return [(b.input_layernorm, [b.attention.query_key_value], None, b.mlp.dense_h_to_4h)
                for b in model.gpt_neox.layers]
    attention = [(b.input_layernorm, [b.self_attn.q_proj, b.self_attn.k_proj, b.self_attn.v_proj], b.mlp)
                 for b in model.model.layers]
    if kind == "starcoder2":
        return [(norm, projections, None, mlp.c_fc) for norm, projections, mlp in attention]
    return [(norm, projections, mlp.gate_proj, mlp.up_proj) for norm, projections, mlp in attention]


def split(kind, heads, outputs):
    """Query, key and value from the outputs of their modules."""
    if len(outputs) == 3:
        return outputs
    fused = outputs[0]
    if kind == "gpt2":
        return fused.chunk(3, dim=-1)
    # GPT-NeoX: [head, (query, key, value), dHead]
    return [part.flatten(-2) for part in fused.unflatten(-1, (heads, 3, -1)).unbind(-2)]


def site_values(model, tokens):
    """What the sites hold for one text, each [layer, position, ...]."""
    seen, hooks = {}, []

    def keep(module):
        hooks.append(module.register_forward_hook(lambda module, _, output: seen.__setitem__(module, output[0])))

    layers = parts(model)
    for norm, attention, gate, up in layers:
        for module in [norm, *attention, up] + ([gate] if gate else []):
            keep(module)
    with torch.no_grad():
        attentions = model(tokens[None], output_attentions=True).attentions
    for hook in hooks:
        hook.remove()
    found = {name: [] for name in ["attention_input", "query", "key", "value", "attention_pattern", "gate", "up"]}
    for (norm, attention, gate, up), pattern in zip(layers, attentions):
        found["attention_input"].append(seen[norm])
        heads = model.config.num_attention_heads
        for name, value in zip(["query", "key", "value"],
                               split(model.config.model_type, heads, [seen[m] for m in attention])):
            found[name].append(value)
        found["attention_pattern"].append(pattern[0].transpose(0, 1))
        if gate:
            found["gate"].append(seen[gate])
        found["up"].append(seen[up])
    return {name: torch.stack(values) for name, values in found.items() if values}


def make_sites(folder):
    """Writes sites.safetensors from the checkpoint and the tokens of a folder."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
    tokens = load_file(folder / "golden.safetensors")["tokens"]
    full, short = site_values(model.eval(), tokens[0]), site_values(model, tokens[1, :6])
    arrays = {}
    for name, value in full.items():
        both = torch.zeros(len(value), 2, *value.shape[1:])
        both[:, 0] = value
        if name == "attention_pattern":
            both[:, 1, :6, :, :6] = short[name]
        else:
            both[:, 1, :6] = short[name]
        arrays[name] = both.contiguous()
    save_file(arrays, folder / "sites.safetensors")


def main():
    if sys.argv[1:] == ["--sites"]:
        for name in FAMILIES:
            make_sites(HERE / name)
        return
    chosen = sys.argv[1:] or list(FAMILIES)
    for number, (name, config) in enumerate(FAMILIES.items()):
        if name not in chosen:
            continue
        shutil.rmtree(HERE / name, ignore_errors=True)
        torch.manual_seed(number)
        config._attn_implementation = "eager"
        model = transformers.AutoModelForCausalLM.from_config(config).eval()
        for parameter in model.parameters():  # far from the initialiser's zeros and ones
            parameter.data = parameter.data + 0.2 * torch.randn_like(parameter)
        folder = HERE / name
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        generator = torch.Generator().manual_seed(number)
        tokens = torch.randint(0, 61, (2, 9), generator=generator)
        with torch.no_grad():
            full = model(tokens[:1], output_hidden_states=True)
            short = model(tokens[1:, :6], output_hidden_states=True)
        logits = torch.zeros(2, 9, 61)
        logits[0], logits[1, :6] = full.logits[0], short.logits[0]
        hidden = torch.zeros(len(full.hidden_states) - 1, 2, 9, 24)
        for layer in range(len(hidden)):
            hidden[layer, 0], hidden[layer, 1, :6] = full.hidden_states[layer][0], short.hidden_states[layer][0]
        save_file({"tokens": tokens, "logits": logits, "hidden": hidden}, folder / "golden.safetensors")
        stored = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
        make_sites(folder)
        print(name, "transformers", transformers.__version__, "torch", torch.__version__)


if __name__ == "__main__":
    main()
