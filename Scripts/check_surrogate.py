# SPDX-License-Identifier: Apache-2.0
"""How near are the scores of linfac's surrogate to those of its exact gradients?

    python3 Scripts/check_surrogate.py --suture .build/release/suture --experiment FILE --output FOLDER [key=value ...]

Traces the experiment once with `gradient: exact` and once with each --variant, all with the same curvature, and compares. The changes at
the end, key=value, are made to every trace; settings of the estimator go into --common. A variant is what `linfac` gets beside it, in the
form of YAML:

    --variant "gradient: surrogate" --variant "gradient: surrogate, n_cal: null, ridge: 0.01"

For each variant: the mean and the smallest over the queries of Spearman's coefficient between the examples' influence by surrogate and by
exact gradients, the coefficient of the ranking over all queries, the share of modules that were predicted, their held-out R², and, where
the experiment knows planted examples, precision among the first 100 and AUROC. FOLDER/report.json has all of it.

The bounds are those of the specification (§5.3): a mean of at least 0.7, and a precision within 10 % of the exact one.
"""
import argparse
import json
import pathlib
import re
import statistics
import struct
import subprocess
import sys

SPEARMAN, PRECISION = 0.7, 0.1


def scores(path):
    """Rows of a query each."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    examples, queries = json.loads(data[8:8 + length])["scores"]["shape"]
    values = memoryview(data)[8 + length:].cast("f")
    return [[values[example * queries + query] for example in range(examples)] for query in range(queries)]


def ranks(values):
    """From 0; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in range(start, end + 1):
            found[order[place]] = (start + end) / 2
        start = end + 1
    return found


def spearman(first, second):
    return statistics.correlation(ranks(first), ranks(second))


def overall(rows, isWanted):
    """The ranking over all queries, as `suture influence` makes it."""
    sums = {False: [0.0] * len(rows[0]), True: [0.0] * len(rows[0])}
    for row, wanted in zip(rows, isWanted):
        size = (sum(value * value for value in row) / len(row)) ** 0.5
        if size:
            for example, value in enumerate(row):
                sums[wanted][example] += value / size
    counts = {wanted: max(1, isWanted.count(wanted)) for wanted in sums}
    return [a / counts[False] - b / counts[True] for a, b in zip(sums[False], sums[True])]


def trace(arguments, name, settings):
    common = f", {arguments.common}" if arguments.common else ""
    folder = arguments.output / name
    command = [str(arguments.suture), "influence", str(arguments.experiment), f"influence.estimator={{name: linfac, {settings}{common}}}",
               "influence.text=false", f"output.dir={folder}", "--json", *arguments.changes]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nended with status {done.returncode}:\n{done.stderr}")
    run = max((path.parent for path in folder.glob("*/influence.json")), key=lambda path: (path / "DONE").stat().st_mtime)
    report = json.loads((run / "influence.json").read_text())
    explained = {}
    for line in (run / "log.jsonl").read_text().splitlines():
        found = re.match(r"linfac: (\S+) R² (\S+?)(,|$)", json.loads(line)["message"])
        if found:
            explained[found[1]] = (float(found[2]), found[3] == "")
    return report, scores(run / "scores.safetensors"), explained


def planted(report):
    figures = report.get("planted")
    if not figures:
        return None
    precision = {entry["k"]: entry["value"] for entry in figures["precision"]}
    return {"precision": precision.get(100), "auroc": figures["auroc"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suture", type=pathlib.Path, default=".build/release/suture")
    parser.add_argument("--experiment", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--common", default="", help="settings of linfac in every trace, as YAML: layers: [20, 21]")
    parser.add_argument("--variant", action="append", default=[])
    parser.add_argument("changes", nargs="*", help="changes of the experiment: key=value")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    variants = arguments.variant or ["gradient: surrogate"]
    report, exact, _ = trace(arguments, "exact", "gradient: exact")
    isWanted = [query["isWanted"] for query in report["queries"]]
    reference, exactPlanted = overall(exact, isWanted), planted(report)
    rows = [{"variant": "gradient: exact", "seconds": report["seconds"], "planted": exactPlanted}]
    print(f"{len(exact[0])} examples, {len(exact)} queries")
    print(f"gradient: exact: trace {report['seconds']['trace']:.1f} s, {exactPlanted}")
    isWithin = True
    for number, variant in enumerate(variants):
        report, own, explained = trace(arguments, f"variant-{number}", variant)
        coefficients = [spearman(*pair) for pair in zip(own, exact)]
        found = {"variant": variant, "spearman": statistics.mean(coefficients), "lowest": min(coefficients),
                 "overall": spearman(overall(own, isWanted), reference), "seconds": report["seconds"], "planted": planted(report),
                 "predicted": sum(isPredicted for _, isPredicted in explained.values()), "modules": len(explained),
                 "explained": statistics.median(value for value, _ in explained.values()) if explained else None}
        rows.append(found)
        print(f"{variant}: Spearman {found['spearman']:.3f} (lowest {found['lowest']:.3f}), over all queries {found['overall']:.3f}; "
              f"{found['predicted']} of {found['modules']} modules predicted, median R² {found['explained']:.2f}; "
              f"trace {report['seconds']['trace']:.1f} s; {found['planted']}", flush=True)
        isWithin = isWithin and found["spearman"] >= SPEARMAN
        if exactPlanted:
            isWithin = isWithin and abs(found["planted"]["precision"] - exactPlanted["precision"]) <= PRECISION * exactPlanted["precision"]
    (arguments.output / "report.json").write_text(json.dumps(rows, indent=1))
    print("within the bounds" if isWithin else "not within the bounds")
    sys.exit(not isWithin)


if __name__ == "__main__":
    main()
