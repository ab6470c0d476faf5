# SPDX-License-Identifier: Apache-2.0
"""Makes the folders of Golden/ with an encoder and a decoder: random checkpoints, and what transformers computes with them.

    pip install torch==2.13.0 transformers==5.24.0 safetensors
    python make_encoder_decoder_golden.py

Each folder holds config.json, model.safetensors and golden.safetensors. The latter has, for two texts:

    row0, row1              the source with its end (1), the token with which the decoder begins (0), the decoder's tokens
    logits0, logits1        after each token of the decoder, float32
    greedy0, greedy1        what generate says after each source, 14 tokens at most, the end included; without a cache, which
                            transformers 5.24 makes too short where the decoder has more layers than the encoder
    gradient.NAME           of the mean cross-entropy of the decoder's tokens of row0, with respect to some weights
    change.NAME             a change of some weights
    changed0, changed1      the logits with these changes

Both texts are longer than relative_attention_max_distance in the encoder and in the decoder.
"""
import json
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent / "Golden"
SMALL = dict(vocab_size=61, d_model=24, d_kv=5, d_ff=36, num_layers=3, num_decoder_layers=2, num_heads=4,
             relative_attention_num_buckets=8, relative_attention_max_distance=12, decoder_start_token_id=0,
             pad_token_id=0, eos_token_id=1)
FAMILIES = {
    "t5": (32, transformers.T5Config, dict(SMALL, feed_forward_proj="relu"), True),
    "t5-gated": (16, transformers.T5Config, dict(SMALL, feed_forward_proj="gated-gelu", num_layers=2, num_decoder_layers=3), False),
    "mt5": (6, transformers.MT5Config, dict(SMALL, feed_forward_proj="gated-gelu", num_layers=2, num_decoder_layers=2,
                                         relative_attention_num_buckets=10), False),
}
SOURCES, DECODED = [19, 14], [16, 5]


def weights_of_gradients(is_gated):
    dense = "wi_0" if is_gated else "wi"
    return ["shared.weight", "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
            "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
            "encoder.block.1.layer.0.SelfAttention.q.weight", "decoder.block.1.layer.1.EncDecAttention.k.weight",
            f"decoder.block.1.layer.2.DenseReluDense.{dense}.weight", "encoder.final_layer_norm.weight"]


def run(model, row):
    """The logits after each of the decoder's tokens."""
    start = row.tolist().index(0, 1)
    return model(input_ids=row[None, :start], decoder_input_ids=row[None, start:]).logits[0]


def main():
    for name, (seed, kind, settings, is_tied) in FAMILIES.items():
        torch.manual_seed(seed)
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        made = transformers.AutoModelForSeq2SeqLM.from_config(kind(**settings))
        tied = set(made.all_tied_weights_keys)
        tensors = {}
        for key, value in made.state_dict().items():
            if key in tied and (is_tied or key != "lm_head.weight"):
                continue
            # Queries stay small: scores are not divided by the width, and saturated attention would double rounding errors.
            noise = 0.3 if "layer_norm" in key else 1.0 if "bias" in key else 0.1 if ".q." in key else 0.35
            tensors[key] = torch.randn_like(value) * noise + (1.0 if "layer_norm" in key else 0.0)
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
        # As the published files have it, where the head is not the embedding.
        config = json.loads(made.config.to_json_string()) | {
            "architectures": [type(made).__name__], "tie_word_embeddings": is_tied}
        for key in ["scale_decoder_outputs", "dense_act_fn", "is_gated_act"]:
            config.pop(key, None)
        (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")

        model = transformers.AutoModelForSeq2SeqLM.from_pretrained(
            folder, attn_implementation="eager", dtype=torch.float32).eval()
        assert torch.equal(model.lm_head.weight, model.shared.weight) == is_tied
        assert getattr(model.config, "scale_decoder_outputs", False) == (name == "t5")
        rows = []
        for source, decoded in zip(SOURCES, DECODED):
            words = lambda count: torch.randint(2, 61, (count,))
            rows.append(torch.cat([words(source), torch.tensor([1, 0]), words(decoded)]))
        golden = {}
        for i, row in enumerate(rows):
            golden[f"row{i}"] = row
            with torch.no_grad():
                golden[f"logits{i}"] = run(model, row)
                said = model.generate(row[None, :SOURCES[i] + 1], do_sample=False, use_cache=False,
                                      max_new_tokens=14)
            golden[f"greedy{i}"] = said[0, 1:].clone()
        names = weights_of_gradients(not is_tied)
        parameters = dict(model.named_parameters())
        loss = torch.nn.functional.cross_entropy(run(model, rows[0])[:-1], rows[0][SOURCES[0] + 2:])
        for key, gradient in zip(names, torch.autograd.grad(loss, [parameters[key] for key in names])):
            golden[f"gradient.{key}"] = gradient
        for key in [names[0], names[1], names[4], "encoder.block.1.layer.1.DenseReluDense.wo.weight"]:
            change = 0.1 * torch.randn_like(parameters[key])
            parameters[key].data += change
            golden[f"change.{key}"] = change
        with torch.no_grad():
            for i, row in enumerate(rows):
                golden[f"changed{i}"] = run(model, row)
        save_file({key: value.contiguous() for key, value in golden.items()}, folder / "golden.safetensors")
        print(name, "transformers", transformers.__version__, "torch", torch.__version__,
              [golden[f"greedy{i}"].tolist() for i in range(2)],
              sum(f.stat().st_size for f in folder.iterdir()))


if __name__ == "__main__":
    main()
