# SPDX-License-Identifier: Apache-2.0
"""Writes small GGUF files, and what the gguf package and transformers read in them, into Golden/.

    pip install torch==2.13.0 transformers==5.24.0 tokenizers==0.23.3 gguf==0.19.0 accelerate==1.14.0
    python3 Tests/SutureRuntimeTests/GGUF/make_golden.py

`blocks.gguf` has one tensor of each type with random blocks; `blocks.json` has the SHA-256 of its numbers in single precision.
`NAME.gguf` is a small model with random weights; `NAME.json` has the SHA-256 of each tensor of the transformers model, some keys of
its configuration, and the tokens of some lines.
"""
import hashlib
import json
import pathlib

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer

FOLDER = pathlib.Path(__file__).parent / "Golden"
LINES = [
    "The river Nile flows through Egypt.", "def add(a, b):\n    return a + b", "  two spaces, and 1234 or 3.14",
    "Ångström and naïve café", "don't we'll I've", "日本語 text", "🙂 smiles", "tabs\tand\nlines\n\n", "", " ",
    "<s>not a mark</s>", "<|end|> is one", "\u2581 is a block", "x" * 40, "a  b   c    d",
]
WORDS = " ".join(LINES * 3).split() + ["the", "then", "there", "river", "rivers", "flow", "flows", "return", "add"]
WIDTH, INNER, LAYERS, HEADS, GROUPS = 64, 96, 2, 4, 2
KINDS = [Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.F16, Type.BF16, Type.F32]


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array, dtype=np.float32).tobytes()).hexdigest()


def blocks():
    """Random bytes are valid blocks of every type, apart from scales that are not finite."""
    random = np.random.default_rng(1)
    writer = gguf.GGUFWriter(FOLDER / "blocks.gguf", "llama")
    expected = {}
    for kind in KINDS + [Type.Q4_K, Type.Q5_K, Type.Q6_K]:
        size, count = gguf.GGML_QUANT_SIZES[kind]
        if kind in (Type.F32, Type.F16, Type.BF16):
            data = gguf.quantize(random.standard_normal((4, 512)).astype(np.float32), kind)
        else:
            data = random.integers(0, 256, (4, 512 // size, count), dtype=np.uint8)
            halves = 1 if kind in (Type.Q4_0, Type.Q5_0, Type.Q8_0, Type.Q6_K) else 2
            scales = random.standard_normal((4, 512 // size, halves)).astype(np.float16).view(np.uint8)
            if kind == Type.Q6_K:
                data[..., -2:] = scales
            else:
                data[..., : 2 * halves] = scales
            data = data.reshape(4, -1)
        writer.add_tensor(f"{kind.name.lower()}.weight", data, raw_dtype=kind)
        expected[kind.name] = digest(gguf.dequantize(data, kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (FOLDER / "blocks.json").write_text(json.dumps(expected, indent=1) + "\n")


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(LINES + WORDS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = ["<|endoftext|>", "<|end|>", "<think>"] + sorted(model["vocab"], key=model["vocab"].get)
    types = [3, 3, 4] + [1] * len(model["vocab"])
    return {"tokens": tokens, "types": types, "merges": [" ".join(merge) for merge in model["merges"]]}


def sentence_piece(gemma):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never" if gemma else "first", split=True)
    tokenizer.train_from_iterator(LINES + WORDS, trainers.BpeTrainer(vocab_size=170, show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    made = ["".join(merge) for merge in model["merges"]]
    made = [token for token in made if token not in ("<s>", "</s>")]
    letters = [token for token in sorted(model["vocab"], key=model["vocab"].get) if len(token) == 1]
    first = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"] if gemma else ["<unk>", "<s>", "</s>"]
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    spaces = ["  ", "   "] if gemma else []
    tokens = first + bytes_ + spaces + made + letters
    types = [3] * len(first) + [6] * 256 + [4] * len(spaces) + [1] * (len(made) + len(letters))
    types[first.index("<unk>")] = 2
    scores = [0.0] * (len(first) + 256 + len(spaces)) + [-float(rank) for rank in range(len(made))]
    return {"tokens": tokens, "types": types, "scores": scores + [-1e4] * len(letters)}


def model(name, architecture, vocabulary, roles, pre=None, biases=False, head_norms=False, around=False, head=16,
          settings=()):
    random = np.random.default_rng(2)
    writer = gguf.GGUFWriter(FOLDER / f"{name}.gguf", architecture)
    writer.add_name(name)
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(GROUPS)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(5000.0)
    for key, value in settings:
        getattr(writer, f"add_{key}")(value)
    writer.add_tokenizer_model("gpt2" if "merges" in vocabulary else "llama")
    if pre:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(vocabulary["tokens"])
    writer.add_token_types(vocabulary["types"])
    if "merges" in vocabulary:
        writer.add_token_merges(vocabulary["merges"])
    else:
        writer.add_token_scores(vocabulary["scores"])
    for role, token in roles.items():
        getattr(writer, f"add_{role}_token_id")(vocabulary["tokens"].index(token))
    writer.add_chat_template("{% for message in messages %}{{ message.content }}{% endfor %}")

    def add(tensor, shape, kind=Type.F32):
        data = (random.standard_normal(shape) * 0.1 + (1 if "norm" in tensor else 0)).astype(np.float32)
        writer.add_tensor(tensor, gguf.quantize(data, kind), raw_dtype=kind)

    add("token_embd.weight", (len(vocabulary["tokens"]), WIDTH), Type.Q8_0)
    add("output_norm.weight", WIDTH)
    for layer in range(LAYERS):
        kinds = iter([Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.F16, Type.BF16])
        norms = ["attn_norm", "ffn_norm"] + (["post_attention_norm", "post_ffw_norm"] if around else [])
        for norm in norms:
            add(f"blk.{layer}.{norm}.weight", WIDTH)
        if head_norms:
            add(f"blk.{layer}.attn_q_norm.weight", head)
            add(f"blk.{layer}.attn_k_norm.weight", head)
        for part, rows in [("q", HEADS * head), ("k", GROUPS * head), ("v", GROUPS * head)]:
            add(f"blk.{layer}.attn_{part}.weight", (rows, WIDTH), next(kinds))
            if biases:
                add(f"blk.{layer}.attn_{part}.bias", rows)
        add(f"blk.{layer}.attn_output.weight", (WIDTH, HEADS * head), next(kinds))
        for part, shape in [("gate", (INNER, WIDTH)), ("up", (INNER, WIDTH)), ("down", (WIDTH, INNER))]:
            add(f"blk.{layer}.ffn_{part}.weight", shape, next(kinds))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    read = AutoModelForCausalLM.from_pretrained(FOLDER, gguf_file=f"{name}.gguf", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(FOLDER, gguf_file=f"{name}.gguf")
    if architecture.startswith("gemma"):
        # The file does not say it. llama.cpp divides by the root of a head's size; transformers has that of 256 here.
        for layer in read.model.layers:
            layer.self_attn.scaling = head**-0.5
    with torch.no_grad():
        logits = read(torch.tensor([[5, 9, 12, 40, 7]])).logits[0, -1]
    expected = {
        "tensors": {key: digest(value.numpy()) for key, value in read.state_dict().items() if key != "lm_head.weight"},
        "logits": [float(value) for value in logits[:8]],
        "lines": [{"text": line, "tokens": tokenizer(line)["input_ids"]} for line in LINES],
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


def main():
    FOLDER.mkdir(exist_ok=True)
    blocks()
    ends = {"bos": "<|endoftext|>", "eos": "<|end|>"}
    model("llama", "llama", byte_level(), ends, pre="llama-bpe")
    model("qwen2", "qwen2", byte_level(), ends, pre="qwen2", biases=True)
    model("qwen3", "qwen3", byte_level(), ends, pre="qwen2", head_norms=True,
          head=128)  # transformers does not read the size of a head here, and has this one
    model("llama-pieces", "llama", sentence_piece(False), {"bos": "<s>", "eos": "</s>", "unk": "<unk>"})
    roles = {"bos": "<bos>", "eos": "<eos>", "unk": "<unk>", "pad": "<pad>"}
    caps = [("sliding_window", 32), ("attn_logit_softcapping", 50.0), ("final_logit_softcapping", 30.0)]
    model("gemma2", "gemma2", sentence_piece(True), roles, around=True, settings=caps)
    model("gemma3", "gemma3", sentence_piece(True), roles, around=True, head_norms=True, settings=caps[:1])


if __name__ == "__main__":
    main()
