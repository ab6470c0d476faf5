# SPDX-License-Identifier: Apache-2.0
"""Compares second moments that go out of Suture and into it with what NumPy reads and writes.

    pip install numpy safetensors
    python3 Scripts/check_moments.py EXPERIMENT [--suture PROGRAM]

1. `suture statistics export EXPERIMENT` in float32 and float64: `numpy.load` must find the arrays that the code of ROME and MEMIT
   looks for, without pickle, and sum / count must be the moment to the rounding of the type.
2. Files made with `numpy.savez` as that code makes them (a sum in float32 with its count), and packed ones:
   `suture statistics import` must give sum / count in float64, every bit of it.
3. Files that no second moment is in: refused with exit code 4 and one sentence, and nothing written.

The experiment's model may be of any size; its moments are computed where they are not in the cache yet. Exit status: 0 where all holds.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
from safetensors.numpy import load_file

WIDTHS = [1, 7, 768]


def run(suture: str, *arguments: str) -> list[dict]:
    done = subprocess.run([suture, "statistics", *arguments, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"suture statistics {' '.join(arguments)}: {done.stderr}")
    return json.loads(done.stdout)


def check_export(suture: str, experiment: str, folder: pathlib.Path) -> bool:
    moments = {}
    holds = True
    for dtype in ["float64", "float32"]:
        for entry in run(suture, "export", experiment, "--npz", str(folder / dtype), "--dtype", dtype):
            with numpy.load(entry["file"], allow_pickle=False) as file:
                total, count = file["mom2.mom2"], int(file["mom2.count"])
                names = sorted(file.files)
                constructor = str(file["mom2.constructor"])
            moment = total.astype(numpy.float64) / count
            reference = moments.setdefault(entry["layer"], moment)
            difference = numpy.abs(moment - reference).max() / numpy.abs(reference).max()
            good = (
                difference <= numpy.finfo(total.dtype).eps and total.dtype == dtype and count == entry["tokens"]
                and constructor == "util.runningstats.SecondMoment()" and f"_{dtype}_mom2_" in entry["file"]
                and numpy.allclose(moment, moment.T) and numpy.linalg.eigvalsh(moment)[0] > -1e-9 * moment.trace())
            print(f"layer {entry['layer']}, {dtype}: {len(names)} arrays, {count} tokens, difference {difference:.1e}: "
                  + ("as it should be" if good else "WRONG"))
            holds &= good
    return holds


def check_import(suture: str, folder: pathlib.Path) -> bool:
    random = numpy.random.default_rng(0)
    holds = True
    for save in [numpy.savez, numpy.savez_compressed]:
        for layer, width in enumerate(WIDTHS):
            vectors = random.standard_normal((3 * width, width)).astype(numpy.float32)
            total = vectors.T @ vectors
            source = folder / f"transformer.h.{layer}.mlp.c_proj_float32_mom2_10.npz"
            save(source, **{
                "mom2.constructor": "util.runningstats.SecondMoment()", "mom2.count": 3 * width, "mom2.mom2": total,
                "mom2.split_batch": True, "sample_size": 10})
            output = folder / f"{save.__name__}-{layer}"
            entry = run(suture, "import", str(source), "--output", str(output))[0]
            ours = load_file(entry["file"])
            good = (
                ours["moment"].tobytes() == (total.astype(numpy.float64) / (3 * width)).tobytes()
                and ours["tokens"] == 3 * width and entry["samples"] == 10 and entry["layer"] == layer)
            print(f"{save.__name__}, width {width}: " + ("every bit" if good else "WRONG"))
            holds &= good
    return holds


def check_refusals(suture: str, folder: pathlib.Path) -> bool:
    good = numpy.eye(3, dtype=numpy.float32)
    holds = True
    wrong = {
        "count of 0": {"mom2.count": 0, "mom2.mom2": good},
        "no count": {"mom2.mom2": good},
        "not finite": {"mom2.count": 3, "mom2.mom2": good * numpy.nan},
        "not symmetric": {"mom2.count": 3, "mom2.mom2": good + numpy.triu(numpy.ones((3, 3)))},
        "not square": {"mom2.count": 3, "mom2.mom2": good[:2]},
        "whole numbers": {"mom2.count": 3, "mom2.mom2": good.astype(numpy.int64)},
        "pickled": {"mom2.count": 3, "mom2.mom2": numpy.array([None])},
        "cut short": {},
    }
    for name, arrays in wrong.items():
        source = folder / "layer.5.npz"
        numpy.savez(source, **(arrays or {"mom2.count": 3, "mom2.mom2": good}))
        if not arrays:
            source.write_bytes(source.read_bytes()[:-30])
        output = folder / "refused"
        done = subprocess.run(
            [suture, "statistics", "import", str(source), "--output", str(output)], capture_output=True, text=True)
        refused = done.returncode == 4 and done.stderr.count("\n") == 1 and not output.exists()
        print(f"{name}: {done.stderr.strip() if refused else 'NOT REFUSED'}")
        holds &= refused
    return holds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment")
    parser.add_argument("--suture", default=".build/release/suture")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        results = [
            check_export(arguments.suture, arguments.experiment, folder), check_import(arguments.suture, folder),
            check_refusals(arguments.suture, folder)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
