# SPDX-License-Identifier: Apache-2.0
"""Compares the disturbance that `suture patch check` predicts with the one that it measures, over 50 pairs of single facts.

    python3 Scripts/disturbance.py MODEL [--suture PROGRAM] [--work FOLDER] [--svg FILE]

MODEL is SmolLM2-135M-Instruct as Examples/SmolLM2/get_model.py writes it. MEMIT writes each of some facts by itself, as one patch
(`edit: {mode: single}`). Pairs are made of graded kinship: two facts about one city, two cities of one country, two cities of
different countries, and a city with something else. For each pair, `suture patch check A B --model MODEL --statistics RUN` predicts,
without the model's help, how much each patch moves what the other one writes (plainly, and with the second moment of the keys), and
measures the negative log-likelihood of each fact's object with its patch alone and with both.

It prints a line for each pair, and Pearson's and Spearman's correlations of the predictions with the measure: the larger change of the
log-likelihoods of the two facts. Spearman's is also taken inside each kind of pair, where kinship explains nothing. --svg draws them. The runs and answers stay in --work, and are not made again. Exit status: 0 where
Spearman's correlation of the weighted prediction is at least 0.5; 1 otherwise.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys

CITIES = {
    "France": ["Lyon", "Marseille", "Bordeaux"], "Germany": ["Munich", "Hamburg", "Cologne"], "Italy": ["Milan", "Naples"],
    "Japan": ["Osaka", "Kyoto"], "India": ["Mumbai", "Chennai"]}
NEW_COUNTRY = {"France": "Canada", "Germany": "Egypt", "Italy": "Poland", "Japan": "Mexico", "India": "Spain"}
NEW_LANGUAGE = {"France": "Arabic", "Germany": "Chinese", "Italy": "Hindi", "Japan": "Dutch", "India": "Greek"}
LANGUAGE = {"France": "French", "Germany": "German", "Italy": "Italian", "Japan": "Japanese", "India": "Hindi"}
OTHERS = [
    ("The river {} flows through", "Nile", "Africa", "Europe"), ("The color of {} is", "grass", "green", "purple"),
    ("A {} is a kind of", "trout", "fish", "bird"), ("The play {} was written by", "Hamlet", "Shakespeare", "Dickens"),
    ("The company {} makes", "Toyota", "cars", "shoes"), ("The chemical symbol of {} is", "oxygen", "O", "X"),
    ("The capital of the country of {} is", "Sweden", "Stockholm", "Lima"),
    ("The planet {} is known for its", "Saturn", "rings", "forests"),
]
SPLITS = {"same city": 12, "same country": 9, "same relation": 15, "unrelated": 14}
COLORS = {"same city": "#c0392b", "same country": "#d68910", "same relation": "#2471a3", "unrelated": "#707b7c"}


def facts() -> list[dict]:
    records = []

    def add(kind: str, country: str, prompt: str, subject: str, true: str, new: str) -> None:
        records.append({"kind": kind, "country": country, "record": {
            "case_id": len(records), "requested_rewrite": {
                "prompt": prompt, "subject": subject, "target_new": {"str": new}, "target_true": {"str": true}}}})

    for country, cities in CITIES.items():
        for city in cities:
            add("country", country, "The city of {} is located in the country of", city, country, NEW_COUNTRY[country])
    for country, cities in CITIES.items():
        for city in cities:
            add("language", country, "People in the city of {} mostly speak", city, LANGUAGE[country], NEW_LANGUAGE[country])
    for prompt, subject, true, new in OTHERS:
        add("other", "", prompt, subject, true, new)
    return records


def pairs(records: list[dict]) -> list[tuple[str, int, int]]:
    def subject(number: int) -> str:
        return records[number]["record"]["requested_rewrite"]["subject"]

    found: dict[str, list[tuple[int, int]]] = {name: [] for name in SPLITS}
    numbers = range(len(records))
    for a in numbers:
        for b in numbers:
            first, second = records[a], records[b]
            if first["kind"] != "country" or a == b:
                continue
            if second["kind"] == "language" and subject(a) == subject(b):
                found["same city"].append((a, b))
            elif second["kind"] == "country" and a < b:
                found["same country" if first["country"] == second["country"] else "same relation"].append((a, b))
            elif second["kind"] == "other":
                found["unrelated"].append((a, b))
    return [(name, *found[name][place * len(found[name]) // count]) for name, count in SPLITS.items() for place in range(count)]


def edit(suture: str, model: str, work: pathlib.Path, records: list[dict]) -> pathlib.Path:
    """The folder of the run that wrote every fact by itself. One that is there is taken as it is."""
    for done in sorted((work / "runs").glob("*/DONE")):
        return done.parent
    (work / "facts.json").write_text(json.dumps([entry["record"] for entry in records], indent=1))
    (work / "facts.yaml").write_text(
        f"""schema: 1
experiment: single-facts
model: {{source: {json.dumps(str(pathlib.Path(model).resolve()))}}}
dataset: {{name: counterfact, path: facts.json}}
locator: {{name: fixed-layers, layers: [5, 6, 7, 8, 9]}}
method: memit
statistics: {{source: model, limit: 200, max_length: 64}}
edit: {{mode: single}}
evaluators: []
output: {{dir: {json.dumps(str(work.resolve() / "runs"))}}}
""")
    done = subprocess.run([suture, "run", str(work / "facts.yaml"), "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return pathlib.Path(json.loads(done.stdout)["folder"])


def check(suture: str, model: str, run: pathlib.Path, a: int, b: int, work: pathlib.Path) -> dict:
    answer = work / f"pair-{a}-{b}.json"
    if not answer.exists():
        done = subprocess.run(
            [suture, "patch", "check", str(run / f"patch/{a}"), str(run / f"patch/{b}"), "--model", model, "--statistics",
             str(run), "--json"], capture_output=True, text=True)
        # 5: something is in the way.
        if done.returncode not in (0, 5):
            sys.exit(done.stderr)
        answer.write_text(done.stdout)
    return json.loads(answer.read_text())


def pearson(x: list[float], y: list[float]) -> float:
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / math.sqrt(
        sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y))


def ranks(x: list[float]) -> list[float]:
    order = sorted(range(len(x)), key=lambda place: x[place])
    found = [0.0] * len(x)
    for rank, place in enumerate(order):
        found[place] = float(rank)
    return found


def draw(points: list[tuple[str, float, float, str]], caption: str) -> str:
    """Predicted share against measured change, both on logarithmic scales, as SVG."""
    width, height, left, bottom, top, right = 640, 400, 64, 48, 30, 28
    floor = 1e-4
    lows = [math.floor(math.log10(max(floor, min(point[axis] for point in points)))) for axis in (1, 2)]
    highs = [math.ceil(math.log10(max(floor, max(point[axis] for point in points)))) for axis in (1, 2)]

    def x(value: float) -> float:
        return left + (math.log10(max(floor, value)) - lows[0]) / (highs[0] - lows[0]) * (width - left - right)

    def y(value: float) -> float:
        return height - bottom - (math.log10(max(floor, value)) - lows[1]) / (highs[1] - lows[1]) * (height - bottom - top)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>']
    for power in range(lows[0], highs[0] + 1):
        place = x(10.0 ** power)
        parts.append(f'<line x1="{place:.1f}" y1="{top}" x2="{place:.1f}" y2="{height - bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{place:.1f}" y="{height - bottom + 16}" text-anchor="middle">{100 * 10.0 ** power:g} %</text>')
    for power in range(lows[1], highs[1] + 1):
        place = y(10.0 ** power)
        parts.append(f'<line x1="{left}" y1="{place:.1f}" x2="{width - right}" y2="{place:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{place + 4:.1f}" text-anchor="end">{10.0 ** power:g}</text>')
    for kind, predicted, measured, name in points:
        parts.append(
            f'<circle cx="{x(predicted):.1f}" cy="{y(measured):.1f}" r="4" fill="{COLORS[kind]}" fill-opacity="0.75">'
            f"<title>{name}</title></circle>")
    for place, kind in enumerate(COLORS):
        parts.append(f'<circle cx="{left + 12 + 130 * place}" cy="{top - 14}" r="4" fill="{COLORS[kind]}"/>')
        parts.append(f'<text x="{left + 22 + 130 * place}" y="{top - 10}">{kind}</text>')
    middle = (left + width - right) / 2
    parts.append(f'<text x="{middle}" y="{height - 10}" text-anchor="middle">predicted disturbance, with the second moment</text>')
    parts.append(
        f'<text transform="translate(14 {(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">'
        f"measured change of the log-likelihood</text>")
    parts.append(f"<desc>{caption}</desc></svg>")
    return "\n".join(parts) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--suture", default=".build/release/suture")
    parser.add_argument("--work", default="disturbance", type=pathlib.Path)
    parser.add_argument("--svg", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    records = facts()
    run = edit(arguments.suture, arguments.model, arguments.work, records)
    plain, weighted, keys, measured, points = [], [], [], [], []
    for kind, a, b in pairs(records):
        answer = check(arguments.suture, arguments.model, run, a, b, arguments.work)
        pair, shares = answer["pairs"][0], answer["measure"]
        change = max(abs(share["likelihoodTogether"] - share["likelihoodAlone"]) for share in shares)
        plain.append(max(pair["disturbanceOfFirst"], pair["disturbanceOfSecond"]))
        weighted.append(max(pair["weightedDisturbanceOfFirst"], pair["weightedDisturbanceOfSecond"]))
        keys.append(max(shared["weightedKeyOverlap"] for shared in pair["shared"]))
        measured.append(change)
        name = " and ".join(records[number]["record"]["requested_rewrite"]["subject"] for number in (a, b))
        points.append((kind, weighted[-1], change, name))
        print(f"{kind:14} {name:24} plain {plain[-1]:8.4f}  weighted {weighted[-1]:8.4f}  keys {keys[-1]:6.3f}  measured {change:8.4f}")
    kinds = [point[0] for point in points]
    for name, predicted in [("plain", plain), ("weighted", weighted), ("keys (C)", keys)]:
        logarithms = pearson([math.log(max(1e-6, v)) for v in predicted], [math.log(max(1e-6, v)) for v in measured])
        inside = []
        for kind in SPLITS:
            places = [place for place, other in enumerate(kinds) if other == kind]
            inside.append(pearson(ranks([predicted[place] for place in places]), ranks([measured[place] for place in places])))
        print(f"{name:9} Pearson {pearson(predicted, measured):.3f}, of logarithms {logarithms:.3f}; Spearman "
              f"{pearson(ranks(predicted), ranks(measured)):.3f}, inside {', '.join(f'{kind} {value:.2f}' for kind, value in zip(SPLITS, inside))}")
    spearman = pearson(ranks(weighted), ranks(measured))
    if arguments.svg:
        arguments.svg.write_text(draw(points, f"{len(points)} pairs, Spearman {spearman:.2f}"))
    return 0 if spearman >= 0.5 else 1


if __name__ == "__main__":
    sys.exit(main())
