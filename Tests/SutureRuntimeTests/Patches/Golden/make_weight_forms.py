# SPDX-License-Identifier: Apache-2.0
"""Makes weight_forms.json: what llama.cpp's package for Python makes of some weights and back again.

    pip install gguf==0.19.0 numpy
    python make_weight_forms.py
"""
import json
import pathlib

import gguf
import numpy as np

FORMS = {"q8_0": gguf.GGMLQuantizationType.Q8_0, "q4_0": gguf.GGMLQuantizationType.Q4_0,
         "float16": gguf.GGMLQuantizationType.F16, "bfloat16": gguf.GGMLQuantizationType.BF16}


def main():
    x = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32) * np.float32(0.05)
    x[1] = 0  # a scale of 0
    x[2, 5] = 3  # one number beside which the others are small
    content = {"shape": list(x.shape), "weights": x.flatten().tolist()}
    for name, kind in FORMS.items():
        content[name] = gguf.quants.dequantize(gguf.quants.quantize(x, kind), kind).astype(np.float32).flatten().tolist()
    path = pathlib.Path(__file__).with_name("weight_forms.json")
    path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
