#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that each check of .ci/run fails where it must.

    python3 Scripts/ci_selftest.py [--slow] [--only WORD]

Copies the repository's files into a scratch folder and first runs each check there, which must pass. Then it plants one
fault after another, each taken back before the next, and runs the check that must find it: the check must fail, and what
it prints must name the fault. `--slow` adds the faults of the example plugins, which need a build; the host of this
checkout runs them. That the counts find an edit which does too much is shown by the tests themselves (CountTests). Exit
status: 0 where every fault was found; 1 where some were not.
"""
import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass
class Fault:
    """One fault, and the check that must find it."""
    title: str
    check: list
    file: str
    # The text of the file, changed.
    plant: object
    # A regular expression that the check's output must contain.
    says: str
    slow: bool = False
    # Further files, each with its change.
    more: tuple = ()

    @property
    def changes(self):
        return ((self.file, self.plant), *self.more)


def appended(text):
    return lambda old: old + text


def replaced(pattern, new):
    def plant(old):
        changed, count = re.subn(pattern, new, old, count=1)
        if not count:
            raise SystemExit(f"ci_selftest: the fault cannot be planted: nothing looks like {pattern!r}")
        return changed
    return plant


LINT = ["make", "lint"]
ABI = ["make", "abi-check"]
HEADERS = ["make", "header-check"]
SNIPPETS = ["make", "snippets-check"]
LINKS = ["make", "links-check"]
COMMENTS = ["python3", "Scripts/undocumented.py", "--check"]
EXAMPLES = ["make", "examples-check"]

HEADER = "Sources/CSuture/include/suture/values.h"
DAMP = "Examples/Plugins/Damp/damp.c"

FAULTS = [
    Fault("a Swift file is not formatted", LINT, "Sources/SutureKit/Site.swift",
          appended("func  planted( ) {}\n"), r"Site\.swift:\d+:\d+: error"),
    Fault("a Swift file breaks a rule", LINT, "Sources/SutureKit/Site.swift",
          appended("\nlet planted = 1;\n"), r"Site\.swift.*\[DoNotUseSemicolons\]"),
    Fault("a C file is not formatted", LINT, DAMP,
          appended("int  planted ;\n"), r"damp\.c:\d+:\d+: error"),
    Fault("a field is put before others", ABI, HEADER,
          replaced(r"(size_t struct_size;[^\n]*\n)", r"\1    int64_t planted;\n"), r"ABI"),
    Fault("a wrapper calls a later function of any host", ABI, "Sources/SutureKit/Projection.swift",
          appended("\nfunc planted(_ table: UnsafePointer<suture_model_api>) { table.pointee.planted() }\n"),
          r"Projection\.swift:\d+: suture_model_api\.planted appeared in minor 1; call Host\.require",
          more=(("Sources/CSuture/include/suture/model.h",
                 replaced(r"\n\} suture_model_api;", r"\n    SUTURE_SINCE(1) void (*planted)(void);\n} suture_model_api;")),)),
    Fault("a header is no C++", HEADERS, HEADER,
          replaced(r"(#ifdef __cplusplus\n|typedef struct)", r"struct suture_planted { int32_t class; };\n\1"),
          r"values\.h does not compile as c\+\+17"),
    Fault("a header uses an extension of the compilers", HEADERS, HEADER,
          replaced(r"(#ifdef __cplusplus\n|typedef struct)", r"struct suture_planted { int64_t count; int x[0]; };\n\1"),
          r"values\.h does not compile as c11"),
    Fault("a header does not compile alone", HEADERS, HEADER,
          replaced(r'#include "abi\.h"\n', ""), r"values\.h does not compile"),
    Fault("an example changes and the page does not", SNIPPETS, DAMP,
          replaced(r"continue;", "continue; /* planted */"), r"write-a-plugin\.md:\d+: .*damp\.c does not contain"),
    Fault("a page shows code without saying whose it is", SNIPPETS, "Docs/abi.md",
          appended("\n```c\nint planted;\n```\n"), r"abi\.md:\d+: this block does not say"),
    Fault("a page names a file that is gone", SNIPPETS, "Docs/abi.md",
          appended("\n<!-- snippet: planted.c -->\n```c\nint planted;\n```\n"), r"there is no file planted\.c"),
    Fault("a page links to a page that is gone", LINKS, "Docs/abi.md",
          appended("\n[planted](planted.md)\n"), r"planted\.md"),
    Fault("a public declaration has no doc comment", COMMENTS, "Sources/SutureKit/Site.swift",
          appended("\npublic let planted = 1\n"), r"Site\.swift:\d+.*planted"),
    Fault("the C example does not compile", EXAMPLES, DAMP,
          appended("int planted(void) { return unknown; }\n"), r"unknown", slow=True),
    Fault("the C example compiles with a warning", EXAMPLES, DAMP,
          appended("static int planted(void) { return 1; }\n"), r"planted", slow=True),
    Fault("the C example returns an error", EXAMPLES, DAMP,
          replaced(r"(SUTURE_NATIVE_1\([^\n]*\n\{)", r'\1 if (host) return host->error_new(host->context, SUTURE_INTERNAL, "planted", NULL);'),
          r"planted", slow=True),
    Fault("the C example breaks a law of its kind", EXAMPLES, DAMP,
          replaced(r"call->cases->count == 0", "call->cases->count < 0"), r"without cases it changes", slow=True),
    Fault("the Swift example does not compile", EXAMPLES,
          "Examples/Plugins/Neurons/Sources/Neurons/Plugin.swift", appended("let planted: Int = true\n"),
          r"Plugin\.swift:\d+:\d+: error", slow=True),
]


def copied(into):
    """The files of the repository, the uncommitted ones included, and links to what is built."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                           capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source = ROOT / name
        if source.is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, into / name)
    if (ROOT / ".deps").exists() and not (into / ".deps").exists():
        (into / ".deps").symlink_to((ROOT / ".deps").resolve())
    # The check of links asks git for the pages.
    subprocess.run(["git", "init", "--quiet"], cwd=into, check=True)
    subprocess.run(["git", "add", "--", "*.md"], cwd=into, check=True)


def ran(command, folder, environment):
    result = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True)
    return result.returncode, result.stdout


def main():
    parser = argparse.ArgumentParser(description="Plants faults and shows that the checks find them.")
    parser.add_argument("--slow", action="store_true", help="also the faults that need a build")
    parser.add_argument("--only", default="", help="only faults whose title or check contains this")
    arguments = parser.parse_args()
    faults = [fault for fault in FAULTS if (arguments.slow or not fault.slow)
              and arguments.only in f"{fault.title} {' '.join(fault.check)}"]
    environment = dict(os.environ)
    if arguments.slow and "SUTURE" not in environment:
        host = ROOT / ".build/debug/suture"
        if not host.exists():
            sys.exit("ci_selftest: --slow needs a host; run 'swift build' or set SUTURE to one")
        environment["SUTURE"] = str(host)
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        copied(folder)
        for check in {tuple(fault.check): fault.check for fault in faults}.values():
            status, output = ran(check, folder, environment)
            if status:
                print(output)
                sys.exit(f"ci_selftest: '{' '.join(check)}' fails without a fault; mend that first")
        for fault in faults:
            before = {folder / name: (folder / name).read_text() for name, _ in fault.changes}
            for name, plant in fault.changes:
                (folder / name).write_text(plant(before[folder / name]))
            start = time.monotonic()
            status, output = ran(fault.check, folder, environment)
            for file, text in before.items():
                file.write_text(text)
            found = status != 0 and re.search(fault.says, output, re.DOTALL) is not None
            missed += not found
            print(f"{'found' if found else 'MISSED':7}{time.monotonic() - start:6.1f} s  {' '.join(fault.check):20}"
                  f"  {fault.title}", flush=True)
            if not found:
                print(output[-2000:])
    print(f"{len(faults) - missed} of {len(faults)} faults were found.")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
