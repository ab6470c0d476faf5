#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Traces training files of more and more short lines, and prints seconds and peak memory: of the program and of its worker.

    make build
    python3 Scripts/influence_memory.py --estimator random --lines 10000 100000 1000000

The model and the queries are those of Examples/World. With --kill, each trace is ended twice in its middle, by signal 15 and by
signal 9, and started again; its scores must have the bytes of an undisturbed one. Exit status: 0 where memory does not grow by
more than --bytes for each line and the scores are equal; 1 otherwise.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def write(path, count):
    with open(path, "w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps({"prompt": f"The number {number * 7919 % 1000003} is", "response": f" odd {number}"}) + "\n")


def peak(pid):
    """The largest resident memory of a process so far, in bytes."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


def children(pid):
    try:
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def trace(arguments, folder, training, output, end=None):
    """Runs the program; `end` is a signal for it and its worker, sent in the middle of the trace."""
    command = [arguments.suture, "influence", str(folder / "experiment.yaml"), f"training.path={training}",
               f"influence.estimator={arguments.estimator}", "--output", str(output), "--json"]
    if arguments.limit:
        command.append(f"training.limit={arguments.limit}")
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=dict(os.environ, SUTURE_CACHE=str(folder / "cache")))
    largest = {"program": 0, "worker": 0}
    size = None
    while process.poll() is None:
        largest["program"] = max(largest["program"], peak(process.pid))
        for worker in children(process.pid):
            largest["worker"] = max(largest["worker"], peak(worker))
        if end is not None:
            parts = list(output.glob("*/scores.safetensors.part"))
            size = parts[0].stat().st_size if parts else 0
            if size > end["size"]:
                for pid in [*children(process.pid), process.pid] if end["signal"] == signal.SIGKILL else [process.pid]:
                    os.kill(pid, end["signal"])
                process.wait()
                return size
        time.sleep(0.01)
    _, errors = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {errors}")
    return time.monotonic() - start, largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suture", default=".build/release/suture")
    parser.add_argument("--estimator", default="random")
    parser.add_argument("--lines", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--limit", type=int, help="training.limit")
    parser.add_argument("--bytes", type=float, default=8, help="that memory may grow by for each line")
    parser.add_argument("--kill", action="store_true")
    arguments = parser.parse_args()
    figures = []
    print("lines      seconds  program MiB  worker MiB")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        world = ROOT / "Examples/World"
        (folder / "experiment.yaml").write_text(
            f"schema: 1\nexperiment: many\nmodel: {{source: {world}/model}}\n"
            f"dataset: {{name: counterfact, path: {world}/facts.json, limit: 4}}\n"
            "training: {path: none.jsonl}\ninfluence: {estimator: {name: random}}\n")
        for count in arguments.lines:
            training = folder / f"{count}.jsonl"
            write(training, count)
            output = folder / f"whole-{count}"
            seconds, largest = trace(arguments, folder, training, output)
            figures.append((count, largest))
            print(f"{count:<10} {seconds:7.1f}  {largest['program'] / 2**20:11.1f}  {largest['worker'] / 2**20:10.1f}", flush=True)
            if arguments.kill:
                scores = next(output.glob("*/scores.safetensors")).read_bytes()
                again = folder / f"killed-{count}"
                for part, number in [(0.3, signal.SIGTERM), (0.6, signal.SIGKILL)]:
                    reached = trace(arguments, folder, training, again, {"size": part * len(scores), "signal": number})
                    if not isinstance(reached, int):
                        raise SystemExit("the trace ended before it could be killed: give more lines")
                    print(f"  signal {int(number)} after {100 * reached / len(scores):.0f} % of the scores", flush=True)
                seconds, _ = trace(arguments, folder, training, again)
                equal = next(again.glob("*/scores.safetensors")).read_bytes() == scores
                print(f"  the rest in {seconds:.1f} s; scores {'equal' if equal else 'DIFFER'}", flush=True)
                if not equal:
                    return 1
    (first, before), (last, after) = figures[0], figures[-1]
    if last == first:
        return 0
    growth = {who: (after[who] - before[who]) / (last - first) for who in after}
    print("bytes for each further line: " + ", ".join(f"{who} {value:.1f}" for who, value in growth.items()))
    return 0 if max(growth.values()) <= arguments.bytes else 1


if __name__ == "__main__":
    sys.exit(main())
