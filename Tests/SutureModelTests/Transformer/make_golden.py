# SPDX-License-Identifier: Apache-2.0
"""Makes Golden/: a tiny random checkpoint of each family, and what transformers computes with it.

    pip install torch==2.13.0 transformers==5.23.0 safetensors
    python make_golden.py            # everything
    python make_golden.py NAME …     # these families alone
    python make_golden.py --sites    # sites.safetensors alone, from the checkpoints that are there
    python make_golden.py --greedy   # greedy.safetensors alone, likewise

Each folder holds config.json, model.safetensors and golden.safetensors: `tokens` [2, 9] (row 1 has 6 real tokens),
`logits` [2, 9, vocabulary] in float32, and `hidden` [layer + 1, 2, 9, dModel], transformers' hidden_states without the
last, which it normalises.

sites.safetensors holds what forward hooks on transformers' modules see in both layers, with zeros at padding:
`attention_input`, `query`, `key`, `value`, `gate` (where there is one) and `up`, each [layer, 2, 9, width], and
`attention_pattern` [layer, 2, 9, head, 9] from output_attentions with eager attention, positions before heads. It was
made with transformers 5.24.0, after the other files; 5.23.0 makes the same but for rounding.

greedy.safetensors holds `row0` and `row1`, the twelve tokens that transformers (5.24.0) chooses after the first five tokens
of row 0 and the first three of row 1. Without a cache, so that each token comes from one pass over the whole text.
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
    "mistral-window": transformers.MistralConfig(**GATED, sliding_window=4),
    "qwen2-window": transformers.Qwen2Config(**GATED, use_sliding_window=True, sliding_window=3, max_window_layers=1),
    "qwen3": transformers.Qwen3Config(**GATED, head_dim=8, attention_bias=True, tie_word_embeddings=True),
    "qwen3-window": transformers.Qwen3Config(**GATED, use_sliding_window=True, sliding_window=4, max_window_layers=1),
    "smollm3": transformers.SmolLM3Config(**GATED, no_rope_layers=[1, 0], use_sliding_window=True, sliding_window=4,
                                          pad_token_id=0, rope_parameters={
                                              "rope_type": "yarn", "rope_theta": 2000.0, "factor": 4.0,
                                              "original_max_position_embeddings": 8}),
    "granite": transformers.GraniteConfig(**GATED, embedding_multiplier=3.0, residual_multiplier=0.4,
                                          attention_multiplier=0.2, logits_scaling=2.5),
    "phi3": transformers.Phi3Config(**GATED, sliding_window=5, pad_token_id=0),
    "phi3-long": transformers.Phi3Config(
        **GATED, pad_token_id=0, original_max_position_embeddings=7, rope_parameters={
            "rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 0.7,
            "short_factor": [1.1, 1.5], "long_factor": [2.0, 5.0]}),
    "olmo2": transformers.Olmo2Config(**GATED, pad_token_id=0),
    "gemma": transformers.GemmaConfig(**GATED, head_dim=10),
    "gemma2": transformers.Gemma2Config(**GATED, head_dim=10, sliding_window=4, attn_logit_softcapping=2.0,
                                        final_logit_softcapping=3.0, query_pre_attn_scalar=7),
    "gemma3": transformers.Gemma3TextConfig(
        **GATED, head_dim=10, sliding_window=4, layer_types=["sliding_attention", "full_attention"],
        rope_parameters={"full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 5000.0},
                         "sliding_attention": {"rope_type": "default", "rope_theta": 100.0}}),
    "mixtral": transformers.MixtralConfig(**GATED, num_local_experts=3, sliding_window=5),
    "qwen2_moe": transformers.Qwen2MoeConfig(**GATED, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=10,
                                             shared_expert_intermediate_size=12, decoder_sparse_step=2),
    "qwen3_moe": transformers.Qwen3MoeConfig(**GATED, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=10,
                                             norm_topk_prob=True),
    "gpt_oss": transformers.GptOssConfig(**GATED, head_dim=8, num_local_experts=4, num_experts_per_tok=2, sliding_window=4),
    "stablelm": transformers.StableLmConfig(**GATED, qk_layernorm=True, use_qkv_bias=True, rope_parameters={
        "rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.7}),
    "stablelm-parallel": transformers.StableLmConfig(**GATED, use_parallel_residual=True, rope_parameters={
        "rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.34}),
    "falcon": transformers.FalconConfig(**SMALL, new_decoder_architecture=True, num_kv_heads=2, bias=True),
    "falcon-shared": transformers.FalconConfig(**SMALL, new_decoder_architecture=True, num_kv_heads=2,
                                               num_ln_in_parallel_attn=1),
    "falcon-one-key": transformers.FalconConfig(**SMALL, bias=True),
    "falcon-one-key-serial": transformers.FalconConfig(**SMALL, parallel_attn=False),
    "falcon-many-keys": transformers.FalconConfig(**SMALL, multi_query=False),
    "falcon-many-keys-serial": transformers.FalconConfig(**SMALL, multi_query=False, parallel_attn=False, bias=True),
}


def parts(model):
    """Of each layer: what attention reads, the modules with query, key and value, and those of gate and up.

    What attention reads is the output of a norm, or the input of the query's module where there is no norm. Gate and up are
    one module where the checkpoint keeps them together, and None where the MLP is made of experts.
    """
    kind = model.config.model_type
    if kind == "gpt2":
        return [(b.ln_1, [b.attn.c_attn], None, b.mlp.c_fc) for b in model.transformer.h]
    if kind == "gptj":
        return [(b.ln_1, [b.attn.q_proj, b.attn.k_proj, b.attn.v_proj], None, b.mlp.fc_in) for b in model.transformer.h]
    if kind == "gpt_neox":
        return [(b.input_layernorm, [b.attention.query_key_value], None, b.mlp.dense_h_to_4h)
                for b in model.gpt_neox.layers]
    if kind == "falcon":
        return [(b.ln_attn if hasattr(b, "ln_attn") else b.input_layernorm, [b.self_attention.query_key_value], None,
                 b.mlp.dense_h_to_4h) for b in model.transformer.h]
    if kind == "phi3":
        return [(b.input_layernorm, [b.self_attn.qkv_proj], b.mlp.gate_up_proj, b.mlp.gate_up_proj)
                for b in model.model.layers]
    attention = [(getattr(b, "input_layernorm", None), [b.self_attn.q_proj, b.self_attn.k_proj, b.self_attn.v_proj], b.mlp)
                 for b in model.model.layers]
    if kind == "starcoder2":
        return [(norm, projections, None, mlp.c_fc) for norm, projections, mlp in attention]
    return [(norm, projections, getattr(mlp, "gate_proj", None), getattr(mlp, "up_proj", None))
            for norm, projections, mlp in attention]


def split(config, outputs):
    """Query, key and value from the outputs of their modules."""
    if len(outputs) == 3:
        return outputs
    fused = outputs[0]
    kind, heads = config.model_type, config.num_attention_heads
    if kind == "gpt2":
        return fused.chunk(3, dim=-1)
    if kind == "phi3":
        keys = config.num_key_value_heads * (config.hidden_size // heads)
        return fused.split([fused.shape[-1] - 2 * keys, keys, keys], dim=-1)
    if kind == "falcon":
        # [head of keys, (its queries, key, value), dHead]
        groups = (config.num_kv_heads if config.new_decoder_architecture else 1 if config.multi_query else heads)
        grouped = fused.unflatten(-1, (groups, heads // groups + 2, -1))
        return grouped[..., :-2, :].flatten(-3), grouped[..., -2, :].flatten(-2), grouped[..., -1, :].flatten(-2)
    # GPT-NeoX: [head, (query, key, value), dHead]
    return [part.flatten(-2) for part in fused.unflatten(-1, (heads, 3, -1)).unbind(-2)]


def site_values(model, tokens):
    """What the sites hold for one text, each [layer, position, ...]."""
    seen, read, hooks = {}, {}, []

    def keep(module):
        def hook(module, inputs, output):
            seen[module], read[module] = output[0], inputs[0][0]

        hooks.append(module.register_forward_hook(hook))

    layers = parts(model)
    for norm, attention, gate, up in layers:
        for module in {*attention, norm, gate, up} - {None}:
            keep(module)
    with torch.no_grad():
        attentions = model(tokens[None], output_attentions=True).attentions
    for hook in hooks:
        hook.remove()
    found = {name: [] for name in ["attention_input", "query", "key", "value", "attention_pattern", "gate", "up"]}
    for (norm, attention, gate, up), pattern in zip(layers, attentions):
        found["attention_input"].append(seen[norm] if norm else read[attention[0]])
        for name, value in zip(["query", "key", "value"], split(model.config, [seen[m] for m in attention])):
            found[name].append(value)
        found["attention_pattern"].append(pattern[0].transpose(0, 1))
        fused = gate is up
        if not up:
            continue
        if gate:
            found["gate"].append(seen[gate].chunk(2, dim=-1)[0] if fused else seen[gate])
        found["up"].append(seen[up].chunk(2, dim=-1)[1] if fused else seen[up])
    return {name: torch.stack(values) for name, values in found.items() if values}


def make_sites(folder):
    """Writes sites.safetensors from the checkpoint and the tokens of a folder."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", experts_implementation="eager",
                                                              dtype=torch.float32)
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


def make_greedy(folder):
    """Writes greedy.safetensors from the checkpoint and the tokens of a folder."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", experts_implementation="eager",
                                                              dtype=torch.float32).eval()
    tokens = load_file(folder / "golden.safetensors")["tokens"]
    found = {}
    for row, length in enumerate([5, 3]):
        text = tokens[row, :length].tolist()
        for _ in range(12):
            with torch.no_grad():
                text.append(int(model(torch.tensor([text]), use_cache=False).logits[0, -1].argmax()))
        found[f"row{row}"] = torch.tensor(text[length:])
    save_file(found, folder / "greedy.safetensors")


# With a part for pictures. Of these there are logits alone.
WITH_PICTURES = {
    "gemma3-pictures": transformers.Gemma3Config(
        text_config=dict(GATED, head_dim=10, sliding_window=4, layer_types=["sliding_attention", "full_attention"],
                         rope_parameters={"full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 5000.0},
                                          "sliding_attention": {"rope_type": "default", "rope_theta": 100.0}}),
        vision_config=dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, image_size=28,
                           patch_size=14),
        mm_tokens_per_image=4, image_token_index=60),
}


def make_with_pictures(name, config):
    torch.manual_seed(len(name))
    shutil.rmtree(HERE / name, ignore_errors=True)
    model = transformers.AutoModelForImageTextToText.from_config(config, attn_implementation="eager").eval()
    for parameter in model.parameters():
        parameter.data = parameter.data + 0.2 * torch.randn_like(parameter)
    folder = HERE / name
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tokens = torch.randint(0, 60, (2, 9), generator=torch.Generator().manual_seed(1))
    logits = torch.zeros(2, 9, 61)
    with torch.no_grad():
        logits[0], logits[1, :6] = model(tokens[:1]).logits[0], model(tokens[1:, :6]).logits[0]
    save_file({"tokens": tokens, "logits": logits}, folder / "golden.safetensors")
    stored = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    print(name, "transformers", transformers.__version__, "torch", torch.__version__)


def main():
    for name, config in WITH_PICTURES.items():
        if not sys.argv[1:] or name in sys.argv[1:]:
            make_with_pictures(name, config)
    if sys.argv[1:] == ["--greedy"]:
        for name in FAMILIES:
            make_greedy(HERE / name)
        return
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
        config._attn_implementation = config._experts_implementation = "eager"
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
        make_greedy(folder)
        print(name, "transformers", transformers.__version__, "torch", torch.__version__)


if __name__ == "__main__":
    main()
