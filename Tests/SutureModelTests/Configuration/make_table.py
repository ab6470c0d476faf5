# SPDX-License-Identifier: Apache-2.0
"""Makes table.json: every key of config.json and generation_config.json that transformers reads, and our answer to each.

    pip install torch==2.13.0 transformers==5.24.0 safetensors
    python make_table.py
    python make_table.py gemma2 …    # these families alone; the other rows stay as they are

The keys of a family are collected from transformers itself: the fields of its configuration class, the other spellings in
`attribute_map`, what the base class takes out of the file by name, what the modelling code reads from the configuration, and
the entries of `rope_parameters`. The script fails where it meets a key that has no answer below, so a new version of
transformers shows what is new in it.

An answer is a list of probes: a change of config.json, and what becomes of the model. transformers loads each of them with
weights that a formula makes (`weight`), and the logits of two positions are kept.

    honoured   the logits are those of transformers, and the change may alter them
    harmless   the change alters nothing; the script checks that this is so in transformers too
    refused    a sentence names the key
    warned     the change is named in a warning and alters nothing in our logits

The first probe's answer is the answer of the row.
"""
import dataclasses
import json
import logging
import math
import pathlib
import re
import sys
import tempfile
import warnings

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers.modeling_rope_utils import RopeParameters

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity(logging.CRITICAL)
transformers.utils.logging.disable_progress_bar()

HERE = pathlib.Path(__file__).parent
ROOT = pathlib.Path(transformers.__file__).parent
TOKENS = [3, 1, 4, 1, 5, 9, 2, 6]
# Of models with an encoder: the source with its end (1), the token with which the decoder begins (0), the decoder's tokens.
SOURCE, DECODED = [3, 4, 5, 9, 2, 6, 3, 7, 1], [0, 5, 9, 2, 6, 8, 4]
ABSENT = "(absent)"

SIZES = dict(vocab_size=23, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=12,
             intermediate_size=20)
T5_SIZES = dict(vocab_size=23, d_model=16, d_kv=6, d_ff=20, num_layers=2, num_heads=4, decoder_start_token_id=0,
                relative_attention_num_buckets=8, relative_attention_max_distance=20)
OLD_SIZES = dict(vocab_size=23, n_embd=16, n_layer=2, n_head=4, n_positions=12, n_inner=20)
BASE = {
    "gpt2": dict(OLD_SIZES),
    "llama": dict(SIZES, num_key_value_heads=2),
    "mistral": dict(SIZES, num_key_value_heads=2, sliding_window=None),
    "qwen2": dict(SIZES, num_key_value_heads=2),
    "gptj": dict(OLD_SIZES, rotary_dim=2),
    "gpt_neox": dict(SIZES, rotary_pct=0.5),
    "starcoder2": dict(SIZES, num_key_value_heads=2),
    "qwen3": dict(SIZES, num_key_value_heads=2, head_dim=4),
    "smollm3": dict(SIZES, num_key_value_heads=2, pad_token_id=0, no_rope_layer_interval=2),
    "granite": dict(SIZES, num_key_value_heads=2),
    "olmo2": dict(SIZES, num_key_value_heads=2),
    "phi3": dict(SIZES, num_key_value_heads=2, pad_token_id=0),
    "gemma": dict(SIZES, num_key_value_heads=2, head_dim=4),
    "gemma2": dict(SIZES, num_key_value_heads=2, head_dim=4, sliding_window=3),
    "gemma3_text": dict(SIZES, num_key_value_heads=2, head_dim=4, sliding_window=3, sliding_window_pattern=2),
    "gemma3": dict(
        text_config=dict(SIZES, num_key_value_heads=2, head_dim=4, sliding_window=3, sliding_window_pattern=2,
                         model_type="gemma3_text"),
        vision_config=dict(hidden_size=8, intermediate_size=12, num_hidden_layers=1, num_attention_heads=2, image_size=28,
                           patch_size=14),
        mm_tokens_per_image=4),
    "mixtral": dict(SIZES, num_key_value_heads=2, num_local_experts=3, head_dim=4),
    "qwen2_moe": dict(SIZES, num_key_value_heads=2, num_experts=3, num_experts_per_tok=2, moe_intermediate_size=6,
                      shared_expert_intermediate_size=7),
    "qwen3_moe": dict(SIZES, num_key_value_heads=2, num_experts=3, num_experts_per_tok=2, moe_intermediate_size=6),
    "gpt_oss": dict(SIZES, num_key_value_heads=2, head_dim=4, num_local_experts=3, num_experts_per_tok=2, sliding_window=3,
                    rope_parameters={"rope_type": "default", "rope_theta": 150000.0}),
    "stablelm": dict(SIZES, num_key_value_heads=2, partial_rotary_factor=0.5),
    "falcon": dict(vocab_size=23, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=12,
                   ffn_hidden_size=20, new_decoder_architecture=True, num_kv_heads=2),
    "t5": dict(T5_SIZES),
    "mt5": dict(T5_SIZES, feed_forward_proj="gated-gelu"),
}
ENCODER_DECODERS = ["t5", "mt5"]
# Folders with several parts, of which one reads text. The keys of that part are in the rows of the family that it is of.
WHOLE = ["gemma3"]
# Where the code of a family is, if its folder has another name.
FOLDERS = {"gemma3_text": "gemma3"}
ROTARY = ["llama", "mistral", "qwen2", "gpt_neox", "starcoder2", "qwen3", "smollm3", "granite", "olmo2", "gemma", "gemma2",
          "mixtral", "qwen2_moe", "qwen3_moe", "gpt_oss", "stablelm", "falcon"]

LOADED = ["model_type", "quantization_config", "auto_map"]
# Arguments of from_pretrained and from_dict, which are not keys of a file.
ARGUMENTS = {"cache_dir", "commit_message", "force_download", "gguf_file", "local_files_only", "proxies", "repo_id",
             "return_unused_kwargs", "revision", "subfolder", "token", "trust_remote_code", "_from_auto", "_from_pipeline",
             "_configuration_file"}


def harmless(*values):
    return [("harmless", value) for value in values]


def honoured(*values):
    return [("honoured", value) for value in values]


def refused(*values):
    return [("refused", value) for value in values]


def warned(*values):
    return [("warned", value) for value in values]


def classes(name):
    return harmless([f"{name}ForCausalLM"]) + warned([f"{name}ForSequenceClassification"])


COMMON = {
    "model_type": refused("bert", "llama4_text"),
    "quantization_config": refused({"quant_method": "gptq", "bits": 4}) + harmless(None),
    "auto_map": warned({"AutoModelForCausalLM": "modeling_x.X"}),
    "transformers_version": harmless("4.40.0"),
    "output_hidden_states": harmless(True),
    "output_attentions": harmless(True),
    "return_dict": harmless(True),
    "dtype": harmless("float16"),
    "torch_dtype": harmless("bfloat16"),
    "chunk_size_feed_forward": harmless(4),
    "id2label": harmless({"0": "a", "1": "b", "2": "c"}),
    "label2id": harmless({"a": 0, "b": 1}),
    "num_labels": harmless(3),
    "problem_type": harmless("regression"),
    "use_cache": harmless(False),
    "initializer_range": harmless(0.5),
    "pad_token_id": harmless(3, None),
    "name_or_path": harmless("some/model"),
    "_commit_hash": harmless("0123abcd"),
    "attn_implementation": harmless("eager"),
    "_attn_implementation": harmless("eager"),
    "experts_implementation": harmless("eager"),
    "is_causal": refused(False) + harmless(True),
    "is_encoder_decoder": refused(True) + harmless(False),
    "per_layer_config": refused({"0": {"hidden_act": "gelu"}}) + harmless(None),
    "attention_chunk_size": refused(4) + harmless(None),
    "number_of_conv_states": harmless(4),
    "kv_sharing_modes": refused(["share", "share"]) + harmless(None),
    "bos_token_id": honoured(7, None) + refused("x"),
    "eos_token_id": honoured(7, [7, 9], None) + refused("x", [1, "x"]),
}
DROPOUT = harmless(0.5)
FAMILY = {
    "gpt2": {
        "architectures": harmless(["GPT2LMHeadModel"]) + warned(["GPT2ForSequenceClassification"]),
        "vocab_size": honoured(29) + refused(0, "many", None), "n_positions": honoured(9) + refused(-1),
        "max_position_embeddings": honoured(9), "n_embd": honoured(8) + refused(18), "hidden_size": honoured(8),
        "n_layer": honoured(1), "num_hidden_layers": honoured(1), "n_head": honoured(2) + refused(3),
        "num_attention_heads": honoured(2), "n_inner": honoured(8, None, ABSENT),
        "activation_function": honoured("gelu", "relu", "gelu_fast", "gelu_python", "gelu_python_tanh", "gelu_accurate",
                                        "swish", "gelu_pytorch_tanh", ABSENT)
        + refused("mish", "quick_gelu", "gelu_10", "relu2", None),
        "layer_norm_epsilon": honoured(0.1, ABSENT) + refused("small"),
        "tie_word_embeddings": honoured(False, ABSENT) + refused("yes"),
        "scale_attn_weights": honoured(False, ABSENT), "scale_attn_by_inverse_layer_idx": honoured(True),
        "reorder_and_upcast_attn": harmless(True), "add_cross_attention": refused(True) + harmless(False),
        "resid_pdrop": DROPOUT, "embd_pdrop": DROPOUT, "attn_pdrop": DROPOUT, "summary_type": harmless("last"),
        "summary_use_proj": harmless(False), "summary_activation": harmless("tanh"),
        "summary_proj_to_labels": harmless(False), "summary_first_dropout": DROPOUT, "summary_last_dropout": DROPOUT,
        "classifier_dropout": DROPOUT, "hidden_dropout": DROPOUT, "sliding_window": harmless(3, None),
        "layer_types": harmless(["full_attention"] * 2) + refused(["sliding_attention"] * 2),
    },
    "llama": {
        "architectures": harmless(["LlamaForCausalLM"]) + warned(["LlamaForSequenceClassification"]),
        "hidden_act": honoured("gelu", "gelu_new", "relu", "swish", ABSENT) + refused("tanh", "relu2", None),
        "rms_norm_eps": honoured(0.1, ABSENT) + refused(None), "attention_bias": honoured(True, ABSENT) + refused(None),
        "mlp_bias": honoured(True), "pretraining_tp": harmless(2),
        "head_dim": honoured(6, None), "num_key_value_heads": honoured(1, None, ABSENT) + refused(3),
        "tie_word_embeddings": honoured(True, ABSENT),
        "layer_types": harmless(["full_attention"] * 2, None) + refused(["sliding_attention"] * 2, ["full_attention"]),
        "sliding_window": harmless(3, None),
    },
    "mistral": {
        "architectures": harmless(["MistralForCausalLM"]) + warned(["MistralForSequenceClassification"]),
        "hidden_act": honoured("gelu", ABSENT), "rms_norm_eps": honoured(0.1, ABSENT), "head_dim": honoured(6, None),
        "num_key_value_heads": honoured(1) + refused(ABSENT, None), "tie_word_embeddings": honoured(True),
        "sliding_window": honoured(8, 3, 1, ABSENT, None) + refused(0),
        # transformers takes a Mistral with this key for a Ministral.
        "layer_types": refused(["full_attention"] * 2, ["linear_attention"] * 2, None),
    },
    "qwen2": {
        "architectures": harmless(["Qwen2ForCausalLM"]) + warned(["Qwen2ForSequenceClassification"]),
        "hidden_act": honoured("gelu", ABSENT), "rms_norm_eps": honoured(0.1, ABSENT), "head_dim": honoured(6),
        "num_key_value_heads": honoured(1, None) + refused(ABSENT), "tie_word_embeddings": honoured(True),
        "sliding_window": harmless(3, None), "max_window_layers": harmless(0),
        "use_sliding_window": honoured(True, False),
        "layer_types": honoured(["full_attention"] * 2, None)
        + refused(["sliding_attention"] * 2, ["chunked_attention"] * 2, ["full_attention"]),
        "windows that are on": honoured(
            {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1},
            {"use_sliding_window": True, "sliding_window": 3,
             "layer_types": ["sliding_attention", "full_attention"]},
            {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 2},
            {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 28},
            {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 0},
            {"use_sliding_window": True, "sliding_window": 3, "layer_types": ["full_attention"] * 2}),
    },
    "gptj": {
        "architectures": harmless(["GPTJForCausalLM"]) + warned(["GPTJForQuestionAnswering"]),
        "vocab_size": honoured(29), "n_positions": honoured(9), "max_position_embeddings": honoured(9),
        "n_embd": honoured(8), "hidden_size": honoured(8), "n_layer": honoured(1), "num_hidden_layers": honoured(1),
        "n_head": honoured(2), "num_attention_heads": honoured(2), "n_inner": honoured(8, None),
        "activation_function": honoured("gelu", ABSENT) + refused("tanh"), "layer_norm_epsilon": honoured(0.1, ABSENT),
        # The default is 64, which does not fit these heads of 4.
        "rotary_dim": honoured(4) + refused(ABSENT, None, 3, 6),
        "tie_word_embeddings": honoured(True, ABSENT), "resid_pdrop": DROPOUT, "embd_pdrop": DROPOUT,
        "attn_pdrop": DROPOUT, "rope_theta": harmless(500.0), "rope_scaling": harmless({"type": "linear", "factor": 2.0}),
        "partial_rotary_factor": harmless(0.5), "sliding_window": harmless(3, None),
        "layer_types": harmless(["full_attention"] * 2) + refused(["sliding_attention"] * 2),
    },
    "gpt_neox": {
        "architectures": harmless(["GPTNeoXForCausalLM"]) + warned(["GPTNeoXForTokenClassification"]),
        "hidden_act": honoured("gelu_new", "relu", ABSENT), "layer_norm_eps": honoured(0.1, ABSENT),
        "attention_bias": honoured(False, ABSENT), "use_parallel_residual": honoured(False, ABSENT),
        "rotary_pct": honoured(1.0, 0.75, ABSENT) + refused(0, None), "rotary_emb_base": honoured(500, 50.5),
        "rope_theta": harmless(500.0), "partial_rotary_factor": harmless(1.0),
        "head_dim": harmless(4) + refused(8), "tie_word_embeddings": honoured(True, ABSENT),
        "attention_dropout": DROPOUT, "hidden_dropout": DROPOUT, "classifier_dropout": DROPOUT,
        "is_decoder": harmless(True), "sliding_window": harmless(3, None),
        "layer_types": harmless(["full_attention"] * 2) + refused(["sliding_attention"] * 2),
    },
    "starcoder2": {
        "architectures": harmless(["Starcoder2ForCausalLM"]) + warned(["Starcoder2ForSequenceClassification"]),
        "hidden_act": honoured("gelu", "relu", ABSENT), "norm_epsilon": honoured(0.1, ABSENT),
        "use_bias": honoured(False, ABSENT), "head_dim": honoured(6, None),
        "num_key_value_heads": honoured(1, ABSENT) + refused(None),
        "tie_word_embeddings": honoured(False, ABSENT),
        "sliding_window": honoured(8, 3, None, ABSENT) + refused(-1), "residual_dropout": DROPOUT,
        "embedding_dropout": DROPOUT,
        "layer_types": harmless(["full_attention"] * 2) + refused(["linear_attention"] * 2),
    },
    "qwen3": {
        "architectures": classes("Qwen3"), "hidden_act": honoured("gelu", ABSENT),
        "rms_norm_eps": honoured(0.1, ABSENT), "head_dim": honoured(6), "attention_bias": honoured(True, ABSENT),
        "num_key_value_heads": honoured(1, None) + refused(ABSENT), "tie_word_embeddings": honoured(True, ABSENT),
        "sliding_window": harmless(3, None), "max_window_layers": harmless(0),
        "use_sliding_window": honoured(True, False),
        "layer_types": honoured(["full_attention"] * 2, None)
        + refused(["sliding_attention"] * 2, ["chunked_attention"] * 2, ["full_attention"]),
        "windows that are on": honoured(
            {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1},
            {"use_sliding_window": True, "sliding_window": 3,
             "layer_types": ["sliding_attention", "full_attention"]}),
    },
    "smollm3": {
        "architectures": classes("SmolLM3"), "hidden_act": honoured("gelu", ABSENT),
        "rms_norm_eps": honoured(0.1, ABSENT), "head_dim": honoured(6), "attention_bias": honoured(True, ABSENT),
        "mlp_bias": honoured(True, ABSENT), "num_key_value_heads": honoured(1, None) + refused(3),
        "tie_word_embeddings": honoured(False, ABSENT), "pad_token_id": harmless(3, None),
        "no_rope_layers": honoured([0, 1], [1, 1], [0, 0, 1], None) + refused([1], "x"),
        "no_rope_layer_interval": honoured(1, 3, ABSENT) + refused(0),
        "sliding_window": harmless(3, None), "use_sliding_window": harmless(True, False),
        "layer_types": honoured(["full_attention"] * 2, None)
        + refused(["sliding_attention"] * 2, ["chunked_attention"] * 2, ["full_attention"]),
        "windows that are on": honoured(
            {"use_sliding_window": True, "sliding_window": 3},
            {"sliding_window": 3, "layer_types": ["sliding_attention", "full_attention"]}),
    },
    "granite": {
        "architectures": classes("Granite"), "hidden_act": honoured("gelu", ABSENT),
        "rms_norm_eps": honoured(0.1, ABSENT), "sliding_window": harmless(3, None), "head_dim": honoured(6), "attention_bias": honoured(True, ABSENT),
        "mlp_bias": honoured(True, ABSENT), "num_key_value_heads": honoured(1, None, ABSENT) + refused(3),
        "tie_word_embeddings": honoured(True, ABSENT), "embedding_multiplier": honoured(3, 0.5) + refused(0, "x"),
        "attention_multiplier": honoured(0.25, 2, ABSENT) + refused(None), "residual_multiplier": honoured(0.22),
        "logits_scaling": honoured(8.0, 0.5) + refused(0),
        "layer_types": harmless(["full_attention"] * 2) + refused(["sliding_attention"] * 2),
    },
    "olmo2": {
        "architectures": classes("Olmo2"), "hidden_act": honoured("gelu", ABSENT),
        "rms_norm_eps": honoured(0.1, ABSENT), "sliding_window": harmless(3, None), "head_dim": honoured(6), "attention_bias": honoured(True, ABSENT),
        "num_key_value_heads": honoured(1, None, ABSENT) + refused(3), "tie_word_embeddings": honoured(True, ABSENT),
        "layer_types": harmless(["full_attention"] * 2) + refused(["sliding_attention"] * 2),
    },
    "phi3": {
        "architectures": classes("Phi3"), "hidden_act": honoured("gelu", ABSENT),
        "rms_norm_eps": honoured(0.1, ABSENT), "head_dim": honoured(6),
        "num_key_value_heads": honoured(1, None, ABSENT) + refused(3), "tie_word_embeddings": honoured(True, ABSENT),
        "pad_token_id": harmless(3, None), "sliding_window": honoured(8, 3, None, ABSENT) + refused(0),
        "resid_pdrop": DROPOUT, "embd_pdrop": DROPOUT, "attention_dropout": DROPOUT,
        "vocab_size": honoured(29) + refused(0), "hidden_size": honoured(8) + refused(0),
        "num_hidden_layers": honoured(1), "intermediate_size": honoured(12), "num_attention_heads": honoured(2),
        "max_position_embeddings": honoured(9, ABSENT), "rope_theta": honoured(500.0) + refused(None, "big"),
        "partial_rotary_factor": honoured(0.5, 1.0) + refused(0, "x"),
        "layer_types": harmless(["full_attention"] * 2) + refused(["linear_attention"] * 2),
    },
    "gemma": {
        "architectures": classes("Gemma"), "hidden_act": harmless("gelu") + honoured("silu", "relu", ABSENT),
        "hidden_activation": harmless("relu", None),
        "rms_norm_eps": honoured(0.1, ABSENT), "sliding_window": harmless(3, None), "head_dim": honoured(6), "attention_bias": honoured(True, ABSENT),
        "num_key_value_heads": honoured(1) + refused(3, None), "tie_word_embeddings": honoured(False, ABSENT),
        "use_bidirectional_attention": refused(True) + harmless(False, None),
        "layer_types": harmless(["full_attention"] * 2) + refused(["sliding_attention"] * 2),
    },
    "gemma2": {
        "architectures": classes("Gemma2"), "hidden_activation": honoured("gelu", "silu", ABSENT) + refused(None),
        "hidden_act": harmless("relu"),
        "rms_norm_eps": honoured(0.1, ABSENT), "head_dim": honoured(6), "attention_bias": honoured(True, ABSENT),
        "num_key_value_heads": honoured(1) + refused(3, None), "tie_word_embeddings": honoured(False, ABSENT),
        "use_bidirectional_attention": refused(True) + harmless(False, None),
        "query_pre_attn_scalar": honoured(2, ABSENT) + refused(0), "sliding_window": honoured(8, 1, ABSENT) + refused(0, None),
        "attn_logit_softcapping": honoured(0.5, 50.0, None, ABSENT), "cache_implementation": harmless("hybrid"),
        "final_logit_softcapping": honoured(0.5, None, ABSENT),
        "layer_types": honoured(["full_attention"] * 2, ["full_attention", "sliding_attention"], None)
        + refused(["chunked_attention"] * 2, ["full_attention"]),
    },
    "gemma3": {
        "architectures": harmless(["Gemma3ForConditionalGeneration"]),
        "text_config": refused(7, dict(SIZES, num_key_value_heads=2, model_type="llama")),
        "vision_config": harmless(
            dict(hidden_size=8, intermediate_size=12, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14)),
        "mm_tokens_per_image": harmless(1), "boi_token_index": harmless(5), "eoi_token_index": harmless(6),
        "image_token_index": harmless(7), "image_token_id": harmless(7), "boi_token_id": harmless(5), "eoi_token_id": harmless(6),
        "tie_word_embeddings": honoured(False, ABSENT),
        # Of the whole model, whose values are not those of the part.
        "is_causal": warned(False), "is_encoder_decoder": warned(True), "attention_chunk_size": warned(4),
        "kv_sharing_modes": warned(["share", "share"]), "per_layer_config": warned(None),
    },
    "gemma3_text": {
        "architectures": classes("Gemma3"), "hidden_activation": honoured("gelu", "silu", ABSENT) + refused(None),
        "hidden_act": harmless("relu"),
        "rms_norm_eps": honoured(0.1, ABSENT), "head_dim": honoured(6), "attention_bias": honoured(True, ABSENT),
        "num_key_value_heads": honoured(1) + refused(3, None), "tie_word_embeddings": honoured(False, ABSENT),
        "use_bidirectional_attention": refused(True) + harmless(False, None),
        "query_pre_attn_scalar": honoured(2, ABSENT) + refused(0), "sliding_window": honoured(8, 1, ABSENT) + refused(0, None),
        "attn_logit_softcapping": harmless(0.5, None), "cache_implementation": harmless("hybrid"),
        "final_logit_softcapping": honoured(0.5, None, ABSENT), "attention_dropout": DROPOUT,
        "sliding_window_pattern": honoured(1, 3, ABSENT) + refused(0), "_sliding_window_pattern": harmless(6),
        # Of models that read pictures too.
        "image_token_id": harmless(5), "mm_tokens_per_image": harmless(5), "vision_config": harmless({}),
        "text_config": refused({}),
        "vocab_size": honoured(29) + refused(0), "hidden_size": honoured(8) + refused(0),
        "num_hidden_layers": honoured(1), "intermediate_size": honoured(12), "num_attention_heads": honoured(2),
        "max_position_embeddings": honoured(9, ABSENT), "rope_theta": honoured(500.0) + refused("big"),
        "rope_local_base_freq": honoured(50.0) + refused("big", 0),
        "rope_scaling": honoured({"rope_type": "linear", "factor": 4.0}, {"type": "linear", "factor": 4.0}, {}, None)
        + refused({"rope_type": "x"}, 7),
        "layer_types": honoured(["full_attention"] * 2, ["full_attention", "sliding_attention"], None)
        + refused(["chunked_attention"] * 2, ["full_attention"]),
        "rope_parameters": honoured(
            {"full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0},
             "sliding_attention": {"rope_type": "default", "rope_theta": 50.0}},
            {"full_attention": {"rope_theta": 500.0}}, {"sliding_attention": {"rope_type": "linear", "factor": 2.0}},
            {"full_attention": None, "sliding_attention": None}, {}, None)
        + refused({"rope_type": "default", "rope_theta": 500.0}, {"full_attention": {"rope_type": "x"}}, 7),
        "scaling beside nested parameters": honoured({
            "rope_parameters": {"full_attention": {"rope_theta": 500.0}, "sliding_attention": {"rope_theta": 50.0}},
            "rope_scaling": {"rope_type": "linear", "factor": 4.0}}),
        "rope_parameters.rope_theta": honoured({"full_attention": {"rope_theta": 500.0}}),
        "rope_parameters.rope_type": honoured(
            {"full_attention": {"rope_type": "linear", "factor": 3.0}},
            {"full_attention": {"rope_type": "yarn", "factor": 3.0, "original_max_position_embeddings": 8}},
            {"full_attention": {"rope_type": "llama3", "factor": 3.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}})
        + refused({"full_attention": {"rope_type": "x"}}),
        "rope_parameters.factor": honoured({"full_attention": {"rope_type": "linear", "factor": 9.0}})
        + refused({"full_attention": {"rope_type": "linear"}}),
        "rope_parameters.partial_rotary_factor": harmless({"full_attention": {"partial_rotary_factor": 0.5}}),
        "rope_parameters.original_max_position_embeddings": harmless(
            {"full_attention": {"original_max_position_embeddings": 4}}),
        "original_max_position_embeddings": harmless(4), "partial_rotary_factor": harmless(0.5),
        **{f"rope_parameters.{key}": harmless({"full_attention": {key: value}}) for key, value in [
            ("attention_factor", 3.0), ("beta_fast", 3.0), ("beta_slow", 3.0), ("short_factor", [2.0, 2.0]),
            ("long_factor", [2.0, 2.0]), ("mscale", 3.0), ("mscale_all_dim", 3.0), ("truncate", False),
            ("mrope_section", [1, 1]), ("low_freq_factor", 2.0), ("high_freq_factor", 2.0)]},
    },
    "mixtral": {
        "architectures": classes("Mixtral"), "hidden_act": honoured("gelu", ABSENT),
        "rms_norm_eps": honoured(0.1, ABSENT), "head_dim": honoured(6, None),
        "num_key_value_heads": honoured(1) + refused(3, None), "tie_word_embeddings": honoured(True, ABSENT),
        "sliding_window": honoured(8, 3, None, ABSENT) + refused(0), "num_local_experts": honoured(2, ABSENT) + refused(0),
        "num_experts": honoured(4), "num_experts_per_tok": honoured(1, 3, ABSENT) + refused(0, 4),
        "router_jitter_noise": harmless(0.5), "router_aux_loss_coef": harmless(0.5), "output_router_logits": harmless(True),
        "layer_types": harmless(["full_attention"] * 2) + refused(["linear_attention"] * 2),
    },
    "qwen2_moe": {
        "architectures": classes("Qwen2Moe"), "hidden_act": honoured("gelu", ABSENT),
        "rms_norm_eps": honoured(0.1, ABSENT), "head_dim": honoured(6), "qkv_bias": honoured(False, ABSENT),
        "num_key_value_heads": honoured(1) + refused(3), "tie_word_embeddings": honoured(True, ABSENT),
        "num_experts": honoured(2), "num_experts_per_tok": honoured(1, 3) + refused(0, 4),
        "moe_intermediate_size": honoured(4) + refused(0), "shared_expert_intermediate_size": honoured(4),
        "norm_topk_prob": honoured(True, ABSENT), "decoder_sparse_step": honoured(2, ABSENT) + refused(0),
        "mlp_only_layers": honoured([0], [0, 1], None) + refused(1), "intermediate_size": harmless(12),
        "router_aux_loss_coef": harmless(0.5), "output_router_logits": harmless(True),
        "sliding_window": harmless(3, None), "max_window_layers": harmless(1), "use_sliding_window": honoured(False),
        "layer_types": honoured(["full_attention"] * 2, None) + refused(["sliding_attention"] * 2),
        "windows that are on": honoured(
            {"use_sliding_window": True, "sliding_window": 3}, {"use_sliding_window": True, "sliding_window": 3,
                                                                 "max_window_layers": 0}),
    },
    "qwen3_moe": {
        "architectures": classes("Qwen3Moe"), "hidden_act": honoured("gelu", ABSENT),
        "rms_norm_eps": honoured(0.1, ABSENT), "head_dim": honoured(6), "attention_bias": honoured(True, ABSENT),
        "num_key_value_heads": honoured(1) + refused(3), "tie_word_embeddings": honoured(True, ABSENT),
        "num_experts": honoured(2), "num_local_experts": honoured(2), "num_experts_per_tok": honoured(1, 3) + refused(0, 4),
        "moe_intermediate_size": honoured(4) + refused(0), "norm_topk_prob": honoured(True, ABSENT),
        "decoder_sparse_step": honoured(2, ABSENT) + refused(0), "mlp_only_layers": honoured([0], [0, 1], None) + refused(1),
        "intermediate_size": harmless(12), "router_aux_loss_coef": harmless(0.5), "output_router_logits": harmless(True),
        "sliding_window": harmless(3, None), "use_sliding_window": honoured(False),
        "layer_types": harmless(["full_attention"] * 2) + refused(["linear_attention"] * 2),
        "windows that are on": honoured({"use_sliding_window": True, "sliding_window": 3}),
    },
    "gpt_oss": {
        "architectures": classes("GptOss"), "hidden_act": harmless("gelu"),
        "rms_norm_eps": honoured(0.1, ABSENT), "head_dim": honoured(6), "attention_bias": honoured(False, ABSENT),
        "num_key_value_heads": honoured(1) + refused(3), "tie_word_embeddings": honoured(True, ABSENT),
        "num_local_experts": honoured(2), "num_experts": honoured(2),
        "num_experts_per_tok": honoured(1, 3) + refused(0, 4), "swiglu_alpha": honoured(1.0, ABSENT),
        "swiglu_limit": honoured(0.3, ABSENT), "router_aux_loss_coef": harmless(0.5), "output_router_logits": harmless(True),
        "sliding_window": honoured(8, 1, ABSENT) + refused(0, None),
        "layer_types": honoured(["full_attention"] * 2, ["full_attention", "sliding_attention"], None)
        + refused(["chunked_attention"] * 2, ["full_attention"]),
    },
    "stablelm": {
        "architectures": classes("StableLm"), "hidden_act": honoured("gelu", ABSENT),
        "layer_norm_eps": honoured(0.1, ABSENT), "head_dim": harmless(4) + refused(6),
        "sliding_window": harmless(3, None), "num_key_value_heads": honoured(1) + refused(3, None), "tie_word_embeddings": honoured(True, ABSENT),
        "use_qkv_bias": honoured(True, ABSENT), "qk_layernorm": honoured(True, ABSENT),
        "use_parallel_residual": honoured(True, False, ABSENT) + refused("x"), "hidden_dropout": DROPOUT,
        "partial_rotary_factor": honoured(1.0) + refused(0, 0.75),
        "hidden_size": honoured(32) + refused(0, None),
        "layer_types": harmless(["full_attention"] * 2) + refused(["sliding_attention"] * 2),
    },
    "falcon": {
        "architectures": classes("Falcon"), "activation": honoured("silu", "gelu_new", ABSENT) + refused("x", None),
        "layer_norm_epsilon": honoured(0.1, ABSENT), "ffn_hidden_size": honoured(12, None, ABSENT) + refused(0),
        "num_kv_heads": honoured(1, None, ABSENT) + refused(3), "tie_word_embeddings": honoured(False, ABSENT),
        "n_embed": honoured(8), "bias": honoured(True, False), "alibi": refused(True) + harmless(False, None),
        "new_decoder_architecture": honoured(False, ABSENT), "num_ln_in_parallel_attn": honoured(1, 2, None),
        "multi_query": harmless(False, True), "parallel_attn": harmless(True), "hidden_dropout": DROPOUT,
        "intermediate_size": harmless(7),
        "older forms": honoured(
            {"new_decoder_architecture": False, "multi_query": True, "parallel_attn": True},
            {"new_decoder_architecture": False, "multi_query": True, "parallel_attn": False},
            {"new_decoder_architecture": False, "multi_query": False, "parallel_attn": True, "num_kv_heads": None},
            {"new_decoder_architecture": False, "multi_query": False, "parallel_attn": False, "num_kv_heads": 4}),
        "sliding_window": harmless(3, None), "classifier_dropout": DROPOUT, "head_dim": refused(6),
        "layer_types": harmless(["full_attention"] * 2) + refused(["sliding_attention"] * 2),
    },
}
FAMILY["t5"] = {
    "architectures": harmless(["T5ForConditionalGeneration"]) + warned(["T5ForTokenClassification"]),
    "is_encoder_decoder": harmless(True, ABSENT) + refused(False, None), "is_decoder": harmless(True),
    "vocab_size": honoured(29) + refused(0, None), "d_model": honoured(8) + refused(0), "hidden_size": honoured(8),
    "d_kv": honoured(3) + refused(0), "head_dim": honoured(3), "d_ff": honoured(12, ABSENT) + refused(0),
    "num_layers": honoured(1, 3) + refused(0, None), "num_hidden_layers": honoured(1) + refused(0),
    "num_decoder_layers": honoured(1, 3, None) + refused(0), "num_heads": honoured(2) + refused(0),
    "num_attention_heads": honoured(2),
    "encoder and decoder of other depths": honoured({"num_hidden_layers": 1, "num_layers": 3},
                                                    {"num_hidden_layers": 1, "num_decoder_layers": 3}),
    "relative_attention_num_buckets": honoured(4, 10, 11, ABSENT) + refused(0, 2, 3, 40),
    "relative_attention_max_distance": honoured(5, 9, 64, ABSENT) + refused(0, 4),
    "feed_forward_proj": honoured("gelu", "gelu_new", "silu", "gated-gelu", "gated-silu", "gated-relu", "gated-gelu_new", ABSENT)
    + refused("tanh", "gated-tanh", "gated", "double-relu", None),
    "dense_act_fn": honoured("gelu", "silu") + refused("tanh"),
    "is_gated_act": harmless(False) + refused(True),
    "names of gated activations": honoured(
        {"feed_forward_proj": "gated-gelu", "dense_act_fn": "gelu_new", "is_gated_act": True},
        {"feed_forward_proj": "gated-gelu", "dense_act_fn": "gelu"}),
    "layer_norm_epsilon": honoured(0.1, ABSENT) + refused("small"),
    "tie_word_embeddings": honoured(False, True) + refused("yes"),
    "scale_decoder_outputs": honoured(False, True) + refused("yes"),
    "scale beside tie": honoured({"tie_word_embeddings": False, "scale_decoder_outputs": True},
                                 {"tie_word_embeddings": True, "scale_decoder_outputs": False}),
    "decoder_start_token_id": refused(ABSENT, None, 23, -1, "x"),
    "eos_token_id": honoured(7, [7, 9], None, ABSENT) + refused("x", [1, "x"]),
    "dropout_rate": DROPOUT, "classifier_dropout": DROPOUT, "initializer_factor": harmless(0.5),
    "n_positions": harmless(4), "tie_encoder_decoder": harmless(True),
    "sliding_window": harmless(3, None),
    "layer_types": harmless(["full_attention"] * 2) + refused(["sliding_attention"] * 2),
}
FAMILY["mt5"] = {key: probes for key, probes in FAMILY["t5"].items() if key not in ("scale_decoder_outputs", "scale beside tie")}
FAMILY["mt5"] |= {
    "architectures": harmless(["MT5ForConditionalGeneration"]) + warned(["MT5ForTokenClassification"]),
    "feed_forward_proj": honoured("relu", "gelu", "gated-silu", ABSENT) + refused("tanh", "gated-tanh", "gated", None),
    "dense_act_fn": honoured("gelu", "silu") + refused("tanh"),
    "is_gated_act": harmless(True) + refused(False),
    "names of gated activations": honoured({"feed_forward_proj": "relu", "dense_act_fn": "gelu", "is_gated_act": False}),
    "tie_word_embeddings": harmless(False, True) + refused("yes"),
    "decoder_start_token_id": harmless(ABSENT) + refused(23, -1, "x"),
}
LONG = {"rope_type": "longrope", "short_factor": [1.0, 1.5], "long_factor": [2.0, 4.0],
        "original_max_position_embeddings": 4}
FAMILY["phi3"] |= {
    "rope_scaling": honoured(LONG, dict(LONG, rope_type="su"), dict(LONG, rope_type="yarn"), {}, None)
    + refused({"type": "linear", "factor": 2.0}, dict(LONG, short_factor=[1.0]), 7),
    "rope_parameters": honoured(LONG, {"rope_theta": 500.0}, {"partial_rotary_factor": 0.5}, {}, None)
    + refused({"rope_type": "llama3"}, {"full_attention": {"rope_theta": 500.0}}),
    "original_max_position_embeddings": harmless(4) + honoured(
        {"rope_parameters": LONG, "original_max_position_embeddings": 9},
        {"rope_parameters": LONG, "original_max_position_embeddings": 7}),
    "rope_parameters.rope_theta": honoured({"rope_theta": 500.0}),
    "rope_parameters.rope_type": honoured(LONG, {"rope_type": "default"}) + refused({"rope_type": "dynamic", "factor": 2.0}),
    "rope_parameters.partial_rotary_factor": honoured({"partial_rotary_factor": 0.5}),
    "rope_parameters.factor": honoured(dict(LONG, factor=3.0)) + harmless({"factor": 3.0}),
    "rope_parameters.short_factor": honoured(dict(LONG, short_factor=[3.0, 1.0])) + refused(dict(LONG, short_factor=[1, 2, 3])),
    "rope_parameters.long_factor": honoured(dict(LONG, long_factor=[3.0, 1.0])) + refused(dict(LONG, long_factor="x")),
    "rope_parameters.attention_factor": honoured(dict(LONG, attention_factor=3.0)) + harmless({"attention_factor": 3.0}),
    **{f"rope_parameters.{key}": harmless({key: value}) for key, value in [
        ("original_max_position_embeddings", 4), ("beta_fast", 3.0), ("beta_slow", 3.0), ("mscale", 3.0),
        ("mscale_all_dim", 3.0), ("truncate", False), ("mrope_section", [1, 1]), ("low_freq_factor", 2.0),
        ("high_freq_factor", 2.0)]},
}
for family in ROTARY:
    answers = FAMILY[family]
    answers.setdefault("attention_dropout", DROPOUT)
    for key, value in [("vocab_size", 29), ("hidden_size", 8), ("num_hidden_layers", 1), ("intermediate_size", 12)]:
        answers.setdefault(key, honoured(value) + refused(0, None))
    is_partial = family in ("gpt_neox", "stablelm")
    # At most 2 heads for keys and values where the base has 2.
    answers.setdefault("num_attention_heads", honoured(2) + refused(3))
    answers.setdefault("max_position_embeddings", honoured(9, ABSENT) + refused(0))
    theta = honoured(500.0) + refused(None, "big")
    answers.setdefault("rope_theta", theta)
    linear = {"rope_type": "linear", "factor": 4.0}
    llama3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
              "original_max_position_embeddings": 8, "rope_theta": 500.0}
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8}
    dynamic = {"rope_type": "dynamic", "factor": 2.0}
    pairs = 1 if is_partial else 2
    long = {"rope_type": "longrope", "factor": 2.0, "short_factor": [1.5] * pairs, "long_factor": [4.0] * pairs,
            "original_max_position_embeddings": 4}
    proportional = {"rope_type": "proportional", "partial_rotary_factor": 0.5}
    kinds = [linear, llama3, yarn, long] + ([] if is_partial else [dynamic, proportional])
    # rope_scaling replaces rope_parameters as a whole, the base included.
    answers["rope_scaling"] = honoured(
        {"type": "linear", "factor": 2.0}, {}, None, *kinds) + refused("linear", [2], {"rope_type": "x"})
    answers["rope_scaling beside rope_parameters"] = honoured(
        {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}, "rope_scaling": {"type": "linear", "factor": 4.0}},
        {"rope_parameters": llama3, "rope_scaling": {}}, {"rope_parameters": linear, "rope_theta": 500.0})
    answers["rope_parameters"] = honoured(
        {"rope_type": "default", "rope_theta": 500.0}, {"rope_theta": 50.0}, None, {}, *kinds) + refused(
        7, {"rope_type": "x"}, {"full_attention": {"rope_theta": 500.0}})
    inside = {
        "rope_theta": honoured({"rope_theta": 500.0}) + refused({"rope_theta": None}),
        "rope_type": honoured(*kinds, {"rope_type": "default"}) + refused({"rope_type": "su"}),
        "partial_rotary_factor": (honoured({"partial_rotary_factor": 1.0}, dict(linear, partial_rotary_factor=1.0))
                                  if is_partial else
                                  harmless({"partial_rotary_factor": 0.5}) + refused(dict(linear, partial_rotary_factor=0.5))),
        "factor": honoured(dict(linear, factor=3), dict(yarn, factor=9.0), dict(yarn, factor=None)) + refused(
            {"rope_type": "linear"}, dict(linear, factor="x"), dict(linear, factor=0)),
        "original_max_position_embeddings": honoured(
            dict(llama3, original_max_position_embeddings=4),
            {k: v for k, v in llama3.items() if k != "original_max_position_embeddings"},
            dict(yarn, original_max_position_embeddings=4), dict(long, original_max_position_embeddings=9)),
        "low_freq_factor": honoured(dict(llama3, low_freq_factor=2.0)) + refused(
            {k: v for k, v in llama3.items() if k != "low_freq_factor"}),
        "high_freq_factor": honoured(dict(llama3, high_freq_factor=9.0)),
        "attention_factor": harmless({"attention_factor": 3.0}) + honoured(
            dict(yarn, attention_factor=0.5), dict(long, attention_factor=2.0), dict(yarn, attention_factor=None)),
        "beta_fast": harmless({"beta_fast": 3.0}) + honoured(dict(yarn, beta_fast=2.0), dict(yarn, beta_fast=0)),
        "beta_slow": harmless({"beta_slow": 3.0}) + honoured(dict(yarn, beta_slow=0.1), dict(yarn, beta_slow=None)),
        "short_factor": harmless({"short_factor": [2.0, 2.0]}) + honoured(
            dict(long, short_factor=[3.0] * pairs, original_max_position_embeddings=9)) + refused(dict(long, short_factor=[1.0] * 5)),
        "long_factor": harmless({"long_factor": [2.0, 2.0]}) + honoured(dict(long, long_factor=[3.0] * pairs)) + refused(
            dict(long, long_factor=3.0)),
        "mscale": harmless({"mscale": 3.0}) + honoured(dict(yarn, mscale=0.7, mscale_all_dim=2.0), dict(yarn, mscale=0.7)),
        "mscale_all_dim": harmless({"mscale_all_dim": 3.0}) + honoured(dict(yarn, mscale_all_dim=0.5)),
        "truncate": harmless({"truncate": False}) + honoured(dict(yarn, truncate=False)),
        "mrope_section": harmless({"mrope_section": [1, 1]}),
    }
    for key, probes in inside.items():
        answers[f"rope_parameters.{key}"] = probes
    # Outside, it counts for scaled positions alone, and before the one inside.
    answers["original_max_position_embeddings"] = harmless(4) + honoured(
        {"rope_parameters": llama3, "original_max_position_embeddings": 4},
        {"rope_parameters": yarn, "original_max_position_embeddings": 4})
    answers.setdefault("partial_rotary_factor", harmless(0.5, None) + refused(
        {"rope_parameters": linear, "partial_rotary_factor": 0.5}))

GENERATION = {
    "eos_token_id": honoured(7, [7, 9]),
    "repetition_penalty": warned(1.2) + harmless(1.0), "encoder_repetition_penalty": warned(1.2),
    "no_repeat_ngram_size": warned(2) + harmless(0), "encoder_no_repeat_ngram_size": warned(2), "min_length": warned(3),
    "min_new_tokens": warned(3), "num_beams": warned(4) + harmless(1), "num_beam_groups": warned(2),
    "diversity_penalty": warned(0.5), "guidance_scale": warned(1.5), "penalty_alpha": warned(0.6),
    "bad_words_ids": warned([[3]]), "sequence_bias": warned([[[3], -10.0]]), "suppress_tokens": warned([3]),
    "begin_suppress_tokens": warned([3]), "forced_bos_token_id": warned(3), "forced_eos_token_id": warned(3),
    "exponential_decay_length_penalty": warned([5, 1.5]), "force_words_ids": warned([[3]]), "constraints": warned([1]),
    "watermarking_config": warned({"bias": 2.0}), "stop_strings": warned(["a"]), "dola_layers": warned("low"),
    "token_healing": warned(True) + harmless(False),
    # Sampling, lengths and what is returned are decided by the caller; caches, assistants and compilation compute the same.
    "do_sample": harmless(True), "temperature": harmless(0.6), "top_k": harmless(20), "top_p": harmless(0.9),
    "min_p": harmless(0.1), "top_h": harmless(0.4), "typical_p": harmless(0.9), "epsilon_cutoff": harmless(0.01),
    "eta_cutoff": harmless(0.01), "max_length": harmless(64), "max_new_tokens": harmless(64), "max_time": harmless(9.0),
    "early_stopping": harmless(True), "length_penalty": harmless(2.0), "renormalize_logits": harmless(True),
    "remove_invalid_values": harmless(True), "num_return_sequences": harmless(2), "output_attentions": harmless(True),
    "output_hidden_states": harmless(True), "output_scores": harmless(True), "output_logits": harmless(True),
    "return_dict_in_generate": harmless(True), "pad_token_id": harmless(3), "bos_token_id": harmless(3),
    "decoder_start_token_id": harmless(3), "use_cache": harmless(False), "cache_implementation": harmless("static"),
    "cache_config": harmless({}), "max_cache_len": harmless(64), "low_memory": harmless(True),
    "prefill_chunk_size": harmless(8), "compile_config": harmless({}), "disable_compile": harmless(True),
    "continuous_batching_config": harmless({}), "is_assistant": harmless(True), "num_assistant_tokens": harmless(3),
    "num_assistant_tokens_schedule": harmless("constant"), "assistant_confidence_threshold": harmless(0.3),
    "assistant_early_exit": harmless(2), "assistant_ensemble_weight": harmless(0.5), "assistant_lookbehind": harmless(3),
    "target_lookbehind": harmless(3), "prompt_lookup_num_tokens": harmless(3), "max_matching_ngram_size": harmless(2),
    "speculation_type": harmless("x"), "use_mtp": harmless(True), "transformers_version": harmless("4.40.0"),
    "_from_model_config": harmless(True),
}


def source(*parts):
    return ROOT.joinpath(*parts).read_text()


def keys(family):
    """Every key that transformers reads for a family, with its origin."""
    cls = type(transformers.AutoConfig.for_model(family))
    found = {field.name: "field" for field in dataclasses.fields(cls)}
    for key in cls.attribute_map:
        found.setdefault(key, "spelling")
    if family in WHOLE:
        return found | {key: "loader" for key in LOADED}
    taken = source("configuration_utils.py") + source("modeling_rope_utils.py") + source(
        "models", FOLDERS.get(family, family), f"configuration_{FOLDERS.get(family, family)}.py")
    for key in re.findall(r'kwargs\.(?:pop|get)\(\s*"(\w+)"', taken):
        found.setdefault(key, "taken by name")
    # Families without these fields leave the keys of rotary positions alone.
    folder = FOLDERS.get(family, family)
    code = source("models", folder, f"modeling_{folder}.py") + source("masking_utils.py") + source("cache_utils.py")
    read = re.findall(r'getattr\(\s*(?:self\.)?(?:\w+_)?config,\s*"(\w+)"', code) + re.findall(r"\Wconfig\.(\w+)", code)
    for key in read:
        if not callable(getattr(cls, key, None)):
            found.setdefault(key, "read by the model")
    if "rope_parameters" in found:
        for key in RopeParameters.__annotations__:
            found[f"rope_parameters.{key}"] = "entry"
        found["original_max_position_embeddings"] = "read by the model"
    found |= {key: "loader" for key in LOADED}
    if family == "gpt2" or family in ENCODER_DECODERS:
        # Learned or relative positions: what the base class takes for rotary ones is not read.
        for key in ["rope_theta", "rope_scaling", "partial_rotary_factor"]:
            found.pop(key, None)
    return {key: origin for key, origin in found.items() if key not in ARGUMENTS}


def weight(name, shape):
    """Numbers that depend on the name and the place alone; the test makes the same."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    count = math.prod(shape)
    x = (torch.arange(count, dtype=torch.int64) * 2654435761 + seed) % 2**32
    x = (x ^ (x >> 16)) * 0x45D9F3B % 2**32
    x = x ^ (x >> 16)
    u = x.to(torch.float64) / 2**32 - 0.5
    is_norm = "norm" in name or ".ln_" in name
    values = 1 + 0.4 * u if is_norm and name.endswith("weight") else 1.6 * u
    return values.to(torch.float32).reshape(shape)


def load(config, shapes=None):
    """The model of a config.json, with the weights that its shapes ask for."""
    is_pair = config["model_type"] in ENCODER_DECODERS
    loader = transformers.AutoModelForSeq2SeqLM if is_pair else transformers.AutoModelForCausalLM
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "config.json").write_text(json.dumps(config))
        if shapes is None:
            made = loader.from_config(transformers.AutoConfig.from_pretrained(folder))
            tied = set(made.all_tied_weights_keys)
            shapes = {key: list(value.shape) for key, value in made.state_dict().items() if key not in tied}
            if any(".experts." in key for key in shapes):  # files keep each expert by itself
                made.config.output_attentions = False  # cannot be written with the implementation that is loaded by default
                made.save_pretrained(folder)
                shapes = {key: list(value.shape) for key, value in load_file(folder / "model.safetensors").items()}
                (folder / "config.json").write_text(json.dumps(config))
            if config["model_type"] == "gpt_neox":  # files keep the older name of the head
                shapes = {re.sub("^lm_head", "embed_out", key): shape for key, shape in shapes.items()}
        save_file({key: weight(key, shape) for key, shape in shapes.items()}, folder / "model.safetensors", {"format": "pt"})
        model = loader.from_pretrained(
            folder, attn_implementation="eager", experts_implementation="eager", dtype=torch.float32).eval()
    with torch.no_grad():
        inputs = (dict(input_ids=torch.tensor([SOURCE]), decoder_input_ids=torch.tensor([DECODED])) if is_pair
                  else dict(input_ids=torch.tensor([TOKENS])))
        logits = model(**inputs, return_dict=True).logits[0, -2:]
    return shapes, [round(x, 6) for x in logits.flatten().tolist()], model.generation_config


class Table:
    def __init__(self):
        self.shapes = []  # distinct sets of tensors
        self.rows = []
        self.problems = []  # answers that are not true of this version of transformers

    def shape(self, shapes):
        if shapes not in self.shapes:
            self.shapes.append(shapes)
        return self.shapes.index(shapes)

    def keep(self, rows, shapes):
        """Rows that an earlier run made."""
        for row in rows:
            for probe in row["probes"]:
                if "tensors" in probe:
                    probe["tensors"] = self.shape(shapes[probe["tensors"]])
            self.rows.append(row)

    def family(self, family):
        answers = {**COMMON, **FAMILY[family]}
        found = keys(family)
        missing = sorted(set(found) - set(answers))
        self.problems += [f"{family} has no answer for {key}" for key in missing]
        cls = type(transformers.AutoConfig.for_model(family))
        defaults = {field.name: field.default for field in dataclasses.fields(cls)}
        base = dict(BASE[family], model_type=family)
        base_shapes, base_logits, _ = load(base)
        self.rows.append({"family": family, "key": "", "origin": "base", "answer": "base", "probes": [
            {"config": base, "answer": "honoured", "tensors": self.shape(base_shapes), "logits": base_logits}]})
        for key, probes in sorted(answers.items()):
            row = {"family": family, "key": key, "origin": found.get(key, "several keys"), "answer": probes[0][0],
                   "probes": []}
            default = defaults.get(key)
            if key in defaults and default is not dataclasses.MISSING:
                row["default"] = default
            for answer, value in probes:
                row["probes"].append(self.probe(family, key, answer, value, base, base_shapes, base_logits))
            self.rows.append(row)

    def probe(self, family, key, answer, value, base, base_shapes, base_logits):
        config = dict(base)
        several = isinstance(value, dict) and key not in ("rope_parameters", "rope_scaling") and (
            " " in key or key in ("original_max_position_embeddings", "partial_rotary_factor"))
        # A spelling that the base holds under another name would count twice.
        if value == ABSENT:
            config.pop(key, None)
        elif several:
            config.update(value)
        elif key.startswith("rope_parameters."):
            config["rope_parameters"] = value
        else:
            config[key] = value
        probe = {"value": value, "config": config, "answer": answer}
        if key == "model_type":
            return dict(probe, reference="another model", tensors=self.shape(base_shapes))
        try:
            shapes, logits, generation = load(config)
            if answer in ("harmless", "warned") and key != "auto_map":
                if shapes != base_shapes or logits != base_logits:
                    self.problems.append(f"{family} {key}={value} is not harmless")
            probe["reference"] = "same" if logits == base_logits else "differs"
        except Exception as error:  # transformers refuses it
            if answer != "refused":
                self.problems.append(f"{family} {key}={value}: {type(error).__name__}: {error}")
                return dict(probe, answer="refused", tensors=0)
            probe["reference"] = "fails"
            shapes = base_shapes
        probe["tensors"] = self.shape(shapes)
        if answer == "honoured":
            probe["logits"] = logits
            if key == "eos_token_id":
                ends = generation.eos_token_id
                probe["ends"] = ends if isinstance(ends, list) else [] if ends is None else [ends]
        return probe

    def generation(self):
        found = {key: "field" for key in transformers.GenerationConfig().to_dict()}
        found |= {key: "field" for key in vars(transformers.GenerationConfig())
                  if not key.startswith("_") or key == "_from_model_config"}
        found |= {key: "default" for key in transformers.GenerationConfig._get_default_generation_params()}
        found.pop("_original_object_hash", None)
        missing = sorted(set(found) - set(GENERATION))
        self.problems += [f"generation_config.json has no answer for {key}" for key in missing]
        for key, probes in sorted(GENERATION.items()):
            self.rows.append({
                "family": "generation_config.json", "key": key, "origin": found.get(key, "older"), "answer": probes[0][0],
                "probes": [{"value": value, "answer": answer} for answer, value in probes]})


def defaults(family):
    """What the configuration class makes of a config.json that names the family alone."""
    config = transformers.AutoConfig.for_model(family)
    layers = config.num_hidden_layers
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    rope = getattr(config, "rope_parameters", None) or {}
    rope = rope.get("full_attention", rope)
    epsilon = next(getattr(config, key) for key in
                   ["layer_norm_epsilon", "rms_norm_eps", "layer_norm_eps", "norm_epsilon"] if hasattr(config, key))
    return {
        "dModel": config.hidden_size, "layerCount": layers, "headCount": heads, "dHead": width,
        # Falcon's older form, its default, has one key for all heads.
        "keyValueHeadCount": 1 if family == "falcon" else getattr(config, "num_key_value_heads", None) or heads,
        "dMLP": getattr(config, "intermediate_size", None) or getattr(config, "n_inner", None) or getattr(config, "d_ff", None)
        or 4 * config.hidden_size,
        "vocabulary": config.vocab_size,
        # Relative positions have no end.
        "contextLength": 1 << 15 if family in ENCODER_DECODERS else config.max_position_embeddings, "epsilon": epsilon,
        "activation": next(getattr(config, key) for key in ["hidden_activation", "hidden_act", "activation_function",
                                                            "activation", "dense_act_fn"] if hasattr(config, key)),
        "tiesHead": config.tie_word_embeddings,
        "rotaryWidth": config.rotary_dim if family == "gptj"
        else int(width * rope.get("partial_rotary_factor", 1.0)) if rope else 0,
        "slidingWindow": getattr(config, "sliding_window", None) or None,
    }


def main():
    table = Table()
    kept = json.loads((HERE / "table.json").read_text()) if sys.argv[1:] else {"rows": [], "tensors": []}
    for family in [*BASE, "generation_config.json"]:
        rows = [row for row in kept["rows"] if row["family"] == family]
        if rows and family not in sys.argv[1:]:
            table.keep(rows, kept["tensors"])
        elif family in BASE:
            table.family(family)
            print(family, len(keys(family)), "keys")
        else:
            table.generation()
    if table.problems:
        raise SystemExit("\n".join(table.problems))
    content = {"transformers": transformers.__version__, "tokens": TOKENS,
               "encoder-decoder tokens": SOURCE + DECODED,
               "defaults": {family: defaults(family) for family in BASE if family not in WHOLE}, "tensors": table.shapes}
    lines = ",\n".join("  " + json.dumps(row, sort_keys=True) for row in table.rows)
    head = json.dumps(content, indent=1, sort_keys=True)
    (HERE / "table.json").write_text(head[:-2] + ',\n "rows": [\n' + lines + "\n ]\n}\n")
    rows = [row for row in table.rows if row["answer"] != "base"]
    for answer in ["honoured", "harmless", "refused", "warned"]:
        print(answer, sum(row["answer"] == answer for row in rows), "rows,",
              sum(probe["answer"] == answer for row in rows for probe in row["probes"]), "probes")


if __name__ == "__main__":
    main()
