# SPDX-License-Identifier: Apache-2.0
"""Kills commands that write patches and edited models at random moments, and looks at what they leave.

    python3 Scripts/kill_patches.py MODEL PATCH OTHER --kills 100 [--gguf FILE]

PATCH and OTHER belong to MODEL. Each round starts one of apply, apply in place, revert, revert in place, merge, extract and export, or, with
FILE, an import of it, and kills it (signal 9) at a random moment. Afterwards the model must be as it was, a folder that was to appear must be whole or not there
at all, and a folder that was to be replaced must be whole, before or after. Exit status: 0 where this held in every round; 1 otherwise.
"""
import argparse
import hashlib
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time


def digests(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def weights(folder):
    return {name: digest for name, digest in digests(folder).items() if "/" not in name}


class Rounds:
    def __init__(self, suture, model, patch, other, gguf, place):
        self.suture, self.model, self.patch, self.other, self.place = suture, model, patch, other, place
        self.gguf = gguf
        self.problems = []
        self.finished = self.killed = 0
        self.call("patch", "apply", model, patch, "--name", "a", "--output", place / "one")
        self.call("patch", "apply", place / "one", other, "--name", "b", "--output", place / "two")
        # What each command leaves where nobody kills it.
        self.sound = {name: weights(folder) for name, folder in
                      [("none", model), ("one", place / "one"), ("two", place / "two")]}
        if gguf:
            self.call("model", "import", gguf, "--output", place / "imported")
            self.sound["imported"] = weights(place / "imported")
        self.seconds = {}

    def call(self, *arguments):
        subprocess.run([self.suture, *map(str, arguments)], check=True, capture_output=True)

    def commands(self):
        out, work = self.place / "out", self.place / "work"
        return [
            ("apply", [], ["patch", "apply", self.model, self.patch, "--name", "a", "--output", out], ["one"]),
            ("apply in place", ["one"], ["patch", "apply", work, self.other, "--name", "b", "--in-place"], ["one", "two"]),
            ("revert", [], ["patch", "revert", self.place / "two", "b", "--output", out], ["one"]),
            ("revert in place", ["two"], ["patch", "revert", work, "b", "--in-place"], ["two", "one"]),
            ("merge", [], ["patch", "merge", self.patch, self.other, "--output", out], None),
            ("extract", [], ["patch", "extract", self.model, self.place / "one", "--output", out], None),
            ("export", [], ["patch", "export", self.model, self.patch, "--peft", out], None),
        ] + ([("import", [], ["model", "import", self.gguf, "--output", out], ["imported"])] if self.gguf else [])

    def round(self, generator):
        name, start, command, ends = generator.choice(self.commands())
        out, work = self.place / "out", self.place / "work"
        for folder in [out, work]:
            shutil.rmtree(folder, ignore_errors=True)
        if start:
            shutil.copytree(self.place / start[0], work)
        began = time.monotonic()
        process = subprocess.Popen([self.suture, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(generator.uniform(0, self.seconds.get(name, 3)))
            self.finished += 1
            self.seconds[name] = time.monotonic() - began
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.killed += 1
        place = work if start else out
        if place.exists():
            self.look(name, place, ends)
        elif start:
            self.problems.append(f"{name}: the folder that was to be replaced is gone")
        # The next command that writes beside it removes what a killed one has left.
        self.call("patch", "scale", self.patch, "2", "--output", self.place / "scaled")
        shutil.rmtree(self.place / "scaled")
        left = [path.name for path in self.place.iterdir() if path.name not in ("one", "two", "imported", "out", "work")]
        if left:
            self.problems.append(f"{name}: {left} is left")

    def look(self, name, place, ends):
        if ends is None:
            wanted = {"merge": "patch.json", "extract": "patch.json", "export": "adapter_model.safetensors"}[name]
            if not (place / wanted).exists():
                self.problems.append(f"{name}: a folder without {wanted}")
            elif name != "export" and subprocess.run([self.suture, "patch", "verify", place], capture_output=True).returncode:
                self.problems.append(f"{name}: a patch that does not verify")
            return
        if weights(place) not in [self.sound[end] for end in ends]:
            self.problems.append(f"{name}: other weights than before or after")
        elif subprocess.run([self.suture, *self.check(name), place], capture_output=True).returncode:
            self.problems.append(f"{name}: a model that does not verify")

    @staticmethod
    def check(name):
        """An imported model has no patches to verify."""
        return ["model", "inspect"] if name == "import" else ["patch", "verify"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["model", "patch", "other"]:
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--suture", default=".build/release/suture", help="the program")
    parser.add_argument("--gguf", type=pathlib.Path, help="a GGUF file to import")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    before = digests(arguments.model)
    with tempfile.TemporaryDirectory() as name:
        rounds = Rounds(arguments.suture, arguments.model, arguments.patch, arguments.other,
                        arguments.gguf, pathlib.Path(name))
        generator = random.Random(arguments.seed)
        while rounds.killed < arguments.kills:
            rounds.round(generator)
    if digests(arguments.model) != before:
        rounds.problems.append("the model has changed")
    print(f"{rounds.killed} killed, {rounds.finished} finished, {len(rounds.problems)} problems", *rounds.problems, sep="\n")
    return 1 if rounds.problems else 0


if __name__ == "__main__":
    sys.exit(main())
