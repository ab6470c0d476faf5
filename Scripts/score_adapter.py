# SPDX-License-Identifier: Apache-2.0
"""Lets EleutherAI's lm-evaluation-harness score a model without and with a patch, as a LoRA adapter that PEFT loads.

    pip install 'lm_eval[hf]' peft
    python3 Scripts/score_adapter.py MODEL PATCH [--suture .build/release/suture]

The task is made of the patch's own recorded cases: after each prompt, the new object is to be likelier than the former one
(multiple choice, `acc`), and so it is to be after the paraphrases; after the prompts of neighbours, the former object is to stay the
likelier one. Nothing is taken from the network. Exit status: 0 where the adapter raises the score of the edit; 1 otherwise.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TASK = """\
task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{prompt}}}}"
doc_to_choice: choices
doc_to_target: label
target_delimiter: ""
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
"""


def questions(patch: pathlib.Path) -> dict[str, list[dict[str, object]]]:
    """Questions with two answers, by what they are about."""
    found: dict[str, list[dict[str, object]]] = {"edit": [], "paraphrase": [], "neighbour": []}
    for line in (patch / "cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        if not case["target_new"] or not case["target_true"]:
            continue
        joint = " " if case["answer"].startswith(" ") else ""
        choices = [joint + case["target_new"], joint + case["target_true"]]
        # The slot is filled as the model reads it; doubled braces are literal ones.
        prompt = case["prompt"].replace("{}", case["subject"], 1).replace("{{", "{").replace("}}", "}")
        for kind, prompts, label in [
            ("edit", [prompt], 0),
            ("paraphrase", case["paraphrase_prompts"], 0),
            ("neighbour", case["neighborhood_prompts"], 1),
        ]:
            found[kind] += [{"prompt": one, "choices": choices, "label": label} for one in prompts]
    return {kind: items for kind, items in found.items() if items}


def write_tasks(patch: pathlib.Path, folder: pathlib.Path) -> list[str]:
    names = []
    for kind, items in questions(patch).items():
        name = f"suture_{kind}"
        data = folder / f"{name}.jsonl"
        data.write_text("".join(json.dumps(item) + "\n" for item in items))
        (folder / f"{name}.yaml").write_text(TASK.format(name=name, data=data))
        names.append(name)
    return names


def scores(arguments: str, tasks: list[str], folder: pathlib.Path, output: pathlib.Path) -> dict[str, float]:
    """What lm_eval says of a model, by task."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_DATASETS_CACHE": str(output / "cache")}
    command = [
        *[sys.executable, "-m", "lm_eval", "--model", "hf", "--model_args", arguments, "--tasks", ",".join(tasks)],
        *["--include_path", str(folder), "--output_path", str(output), "--device", "cpu", "--batch_size", "8"],
    ]
    answer = subprocess.run(command, env=os.environ | offline, capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(answer.stderr)
    results = json.loads(next(output.rglob("results*.json")).read_text())["results"]
    return {task: results[task]["acc,none"] for task in tasks}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("patch", type=pathlib.Path)
    parser.add_argument("--suture", default=".build/release/suture")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        adapter, tasks = scratch / "adapter", scratch / "tasks"
        tasks.mkdir()
        names = write_tasks(arguments.patch, tasks)
        if "suture_edit" not in names:
            sys.exit("the patch records no cases with a new and a former object")
        subprocess.run(
            [arguments.suture, "patch", "export", arguments.model, arguments.patch, "--peft", adapter],
            check=True, stdout=subprocess.DEVNULL)
        base = f"pretrained={arguments.model.resolve()},dtype=float32"
        before = scores(base, names, tasks, scratch / "before")
        after = scores(f"{base},peft={adapter}", names, tasks, scratch / "after")
    for task in names:
        print(f"{task:20} acc {before[task]:.3f} without the adapter, {after[task]:.3f} with it")
    return 0 if after["suture_edit"] > before["suture_edit"] else 1


if __name__ == "__main__":
    sys.exit(main())
