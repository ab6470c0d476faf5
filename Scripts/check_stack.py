# SPDX-License-Identifier: Apache-2.0
"""Applies three patches in two orders, takes them out again, and compares the weights at each step.

    python3 Scripts/check_stack.py MODEL FIRST SECOND THIRD [--suture PROGRAM] [--prompt TEXT]

The weights of a folder must depend on its patches alone: not on their order, and not on others that were there before. Without any, they
are the model's, byte for byte. What the model says with the patches over it must be what the folder says. Then the cases of each patch
are asked with that patch alone and with all of them. Exit status: 0 where all of this held; 1 otherwise.
"""
import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile


class Stack:
    def __init__(self, suture, model, patches, place):
        self.suture, self.model, self.place = suture, model, place
        self.patches = dict(zip("abc", patches))
        self.faults = 0

    def call(self, *arguments):
        return subprocess.run([self.suture, *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def applied(self, names):
        """The folder with these patches, applied one after the other."""
        folder = self.model
        for count in range(1, len(names) + 1):
            target = self.place / f"with-{names[:count]}"
            if not target.exists():
                self.call("patch", "apply", folder, self.patches[names[count - 1]], "--name", names[count - 1], "--output", target)
            folder = target
        return folder

    def reverted(self, folder, name):
        target = self.place / f"{folder.name}-without-{name}"
        self.call("patch", "revert", folder, name, "--output", target)
        return target

    def digest(self, folder):
        """Of all files of weights."""
        whole = hashlib.sha256()
        for path in sorted(folder.glob("*.safetensors")):
            whole.update(path.name.encode() + path.read_bytes())
        return whole.hexdigest()

    def same(self, what, first, second):
        first, second = self.digest(first), self.digest(second)
        print(f"{what}: {first[:16]} {'=' if first == second else 'is not'} {second[:16]}")
        self.faults += first != second

    def steps(self):
        abc, cab = self.applied("abc"), self.applied("cab")
        self.same("a b c, and c a b", abc, cab)
        without_b = self.reverted(abc, "b")
        self.same("a b c without b, and a c", without_b, self.applied("ac"))
        self.same("c a b without a, and c b", self.reverted(cab, "a"), self.applied("cb"))
        without_a = self.reverted(without_b, "a")
        self.same("a b c without b and a, and c", without_a, self.applied("c"))
        self.same("a b c without any, and the model", self.reverted(without_a, "c"), self.model)
        self.call("patch", "verify", abc)

    def overlays(self, prompt):
        over = [argument for name in "abc" for argument in ("--patch", self.patches[name])]
        texts = [self.call("model", "generate", folder, "--prompt", prompt, *options)
                 for folder, options in [(self.model, over), (self.applied("abc"), []), (self.model, [])]]
        print(f"with all of them over the model: {texts[0]!r}; the folder: {texts[1]!r}; the model: {texts[2]!r}")
        self.faults += texts[0] != texts[1]

    def figures(self):
        # Exit code 5 says that the patches are in each other's way, which is no fault here.
        command = [self.suture, "patch", "check", *self.patches.values(), "--model", self.model, "--json"]
        answer = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        for share in json.loads(answer.stdout)["measure"]:
            print(f"{share['patch']}: {share['alone']} of {share['cases']} objects first choice alone, {share['together']} with all; "
                  f"negative log-likelihood {share['likelihoodAlone']:.3f} alone, {share['likelihoodTogether']:.3f} with all")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["model", "first", "second", "third"]:
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--suture", default=".build/release/suture", help="the program")
    parser.add_argument("--prompt", default="The city of Lyon is located in the country of")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        patches = [arguments.first, arguments.second, arguments.third]
        stack = Stack(arguments.suture, arguments.model, patches, pathlib.Path(place))
        stack.steps()
        stack.overlays(arguments.prompt)
        stack.figures()
    return 1 if stack.faults else 0


if __name__ == "__main__":
    sys.exit(main())
