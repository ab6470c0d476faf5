#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills runs at random moments, resumes them, and compares every byte with an undisturbed run.

    make build
    python3 Scripts/kill_runs.py --kills 200 --threads 2 --busy 4

The run edits facts of the bundled model in sequence by AlphaEdit, which carries state from group to group and needs
second moments. Each is killed up to three times by signal 9: the program, its worker, or both. Then it is resumed to
its end. All files of the finished folder but the log and the report must hold the same bytes; in metrics.json all but
`seconds`, `processes` and `peak_memory`. No process and no file may be left over: in the run folder, in the cache and in TMPDIR.
`--busy N` keeps N processes busy meanwhile. Exit status: 0 where all runs are equal and nothing is left; 1 otherwise.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Files that say when something happened or how a run went about it, and DONE, which has their digests.
FREE = {"log.jsonl", "report.html", "DONE"}
# Of metrics.json, the members that do.
FREE_FIGURES = {"seconds", "processes", "peak_memory", "sha256"}


class Place:
    """A folder with everything that runs write: run folders, second moments, temporary files."""

    def __init__(self, folder, arguments):
        self.folder = pathlib.Path(folder)
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        self.arguments = arguments
        self.environment = dict(os.environ, SUTURE_CACHE=str(self.folder / "cache"), TMPDIR=str(self.temporary))

    def command(self, output):
        return [self.arguments.suture, "run", "Examples/World/quickstart.yaml",
                "method={name: alphaedit, v_num_grad_steps: 5}", "edit={mode: sequential, size: 2}", "dataset.limit=6", "statistics.limit=200",
                f"model.threads={self.arguments.threads}", f"output.dir={output}"]

    def start(self, command):
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)

    def finish(self, command):
        process = self.start(command)
        _, errors = process.communicate()
        if process.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}: {errors}")

    def run_folder(self, output):
        folders = [path for path in output.iterdir() if path.is_dir()] if output.exists() else []
        return folders[0] if folders else None


def digests(folder):
    """The digest of what must be the same, by the path in the folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir() or name in FREE:
            continue
        data = path.read_bytes()
        if name == "metrics.json":
            figures = json.loads(data)
            data = json.dumps({key: figures[key] for key in sorted(figures.keys() - FREE_FIGURES)}).encode()
        found[name] = hashlib.sha256(data).hexdigest()
    return found


def children(process):
    try:
        text = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def kill(process, generator):
    """Ends the program, its worker, or both at once. Answers which, and None where it had ended by itself."""
    workers = children(process.pid)
    if process.poll() is not None:
        return None
    victim = generator.choice(["program", "worker", "both"])
    targets = ([process.pid] if victim != "worker" else []) + (workers if victim != "program" else [])
    for target in targets:
        try:
            os.kill(target, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.communicate()
    # A worker whose program has died ends by itself, and soon.
    end = time.monotonic() + 60
    while any(pathlib.Path(f"/proc/{worker}/cmdline").exists() and "__worker" in
              pathlib.Path(f"/proc/{worker}/cmdline").read_text() for worker in workers):
        if time.monotonic() > end:
            raise SystemExit(f"worker {workers} goes on after its program was killed")
        time.sleep(0.05)
    return victim


def leftovers(place):
    found = [str(path) for path in place.temporary.rglob("*")]
    return found + [str(path) for path in (place.folder / "cache").rglob("*") if path.name not in place.cache_names]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--suture", default=str(ROOT / ".build/release/suture"))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--busy", type=int, default=0, help="processes that keep the machine busy")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(arguments.busy)]
    scratch = tempfile.mkdtemp(prefix="kill-runs-")
    try:
        return measure(Place(scratch, arguments), generator)
    finally:
        for process in busy:
            process.kill()
        shutil.rmtree(scratch)


def measure(place, generator):
    arguments = place.arguments
    # Always the same folder: config.resolved.yaml names it.
    output = place.folder / "runs"
    start = time.monotonic()
    place.finish(place.command(output))
    seconds = time.monotonic() - start
    expected = digests(place.run_folder(output))
    shutil.rmtree(output)
    place.cache_names = {path.name for path in (place.folder / "cache").rglob("*")}
    kills, runs, faults, victims = 0, 0, [], {}
    while kills < arguments.kills:
        if generator.random() < 0.2:
            shutil.rmtree(place.folder / "cache")
        command = place.command(output)
        for _ in range(generator.randint(1, 3)):
            process = place.start(command)
            time.sleep(generator.uniform(0, seconds))
            victim = kill(process, generator)
            folder = place.run_folder(output)
            if victim:
                kills += 1
                victims[victim] = victims.get(victim, 0) + 1
            if folder and (folder / "config.resolved.yaml").exists():
                command = [arguments.suture, "run", "--resume", str(folder)]
        place.finish(command)
        runs += 1
        found = digests(place.run_folder(output))
        for name in sorted(expected.keys() | found.keys()):
            if expected.get(name) != found.get(name):
                faults.append(f"run {runs}: {name} " + ("differs" if name in expected and name in found else
                                                        "is missing" if name in expected else "is left over"))
        faults += [f"run {runs}: {path} is left over" for path in leftovers(place)]
        shutil.rmtree(output)
        if sys.stderr.isatty():
            print(f"\r{kills} kills, {runs} runs, {len(faults)} faults ", end="", file=sys.stderr)
    print(f"{kills} kills ({', '.join(f'{name} {count}' for name, count in sorted(victims.items()))}) of {runs} runs with "
          f"{arguments.threads} threads: {len(faults)} faults")
    print("\n".join(faults[:20]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
