# SPDX-License-Identifier: Apache-2.0
"""Checks bills of materials that `suture patch sbom` wrote against the official JSON schema of CycloneDX 1.6.

    pip install 'cyclonedx-python-lib[json-validation]'
    python3 Scripts/check_sbom.py SBOM.json [MODEL]

With MODEL, the digest of every file that the bill lists of the edited model must be that of the file in the folder. Exit status: 0
where all is as it should be; 1 otherwise.
"""
import argparse
import hashlib
import json
import pathlib
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def digest(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def wrong_files(bill: dict, model: pathlib.Path) -> list[str]:
    """The files of the edited model and of its patches whose digests differ."""
    component = bill["metadata"]["component"]
    files = {one["name"]: one for one in component["components"] if one["type"] == "file"}
    for patch in (one for one in component["components"] if one["type"] == "data"):
        files |= {one["bom-ref"]: one for one in patch["components"]}
    return [name for name, one in files.items() if digest(model / name) != one["hashes"][0]["content"]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bill", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path, nargs="?")
    arguments = parser.parse_args()
    text = arguments.bill.read_text()
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        print(f"not CycloneDX 1.6: {problem}")
        return 1
    print("valid CycloneDX 1.6")
    wrong = wrong_files(json.loads(text), arguments.model) if arguments.model else []
    if arguments.model:
        print(f"files with another digest: {', '.join(wrong) or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
