# SPDX-License-Identifier: Apache-2.0
"""Shows that OpenSSF's model-signing signs and verifies an edited model folder, and what Suture makes of the signature.

    pip install model-signing pyopenssl        # and openssl, for the key
    python3 Scripts/check_signing.py MODEL PATCH [--suture .build/release/suture]

It works on copies in a temporary folder. The edited folder is signed with a key made for this and verified; with one byte changed in
any of several files, it must not verify. `suture patch verify` must pass with the signature there, and `patch apply --in-place` and
`patch revert` must not carry it into a folder that it is not of. Exit status: 0 where all of this holds; 1 otherwise.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

SIGNATURE = "model.sig"
TAMPERED = ["model.safetensors", "suture_patch/log.jsonl", "suture_patch/stack.json", "suture_patch/original.safetensors"]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True)


class Check:
    """Prints what was checked, and remembers whether all of it held."""

    def __init__(self) -> None:
        self.holds = True

    def __call__(self, sentence: str, is_so: bool, more: str = "") -> None:
        self.holds &= is_so
        print(f"{'✓' if is_so else '✗'} {sentence}{'' if is_so else f': {more}'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("patch")
    parser.add_argument("--suture", default=".build/release/suture")
    arguments = parser.parse_args()
    suture = [arguments.suture, "patch"]
    check = Check()
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        edited, private, public = scratch / "edited", scratch / "key.pem", scratch / "key.pub"
        subprocess.run(
            [*suture, "apply", arguments.model, arguments.patch, "--output", str(edited), "--name", "signed"],
            check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", private], check=True)
        subprocess.run(["openssl", "ec", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
        signature = edited / SIGNATURE
        tool = [sys.executable, "-m", "model_signing"]
        signed = run([*tool, "sign", "key", str(edited), "--private_key", str(private), "--signature", str(signature)])
        check("model-signing signs the edited folder", signed.returncode == 0, signed.stderr)
        verify = [*tool, "verify", "key", str(edited), "--public_key", str(public), "--signature", str(signature)]
        check("and verifies it", run(verify).returncode == 0, run(verify).stderr)
        for file in TAMPERED:
            place = edited / file
            content = place.read_bytes()
            place.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
            check(f"not with one byte of {file} changed", run(verify).returncode != 0)
            place.write_bytes(content)
        check("it verifies again with the bytes put back", run(verify).returncode == 0)
        own = run([*suture, "verify", str(edited)])
        check("suture patch verify passes with the signature there", own.returncode == 0, own.stderr)
        look = run([arguments.suture, "model", "inspect", str(edited), "--json"])
        check("suture model inspect says nothing of it", look.returncode == 0 and SIGNATURE not in look.stdout, look.stderr)
        reverted = scratch / "reverted"
        answer = run([*suture, "revert", str(edited), "--output", str(reverted)])
        check(
            "patch revert leaves it out of the new folder, and says so",
            answer.returncode == 0 and not (reverted / SIGNATURE).exists() and SIGNATURE in answer.stderr, answer.stderr)
        check("the signed folder itself still verifies", run(verify).returncode == 0)
        answer = run([*suture, "revert", str(edited), "--in-place"])
        check("in place, too", answer.returncode == 0 and not signature.exists() and SIGNATURE in answer.stderr, answer.stderr)
    return 0 if check.holds else 1


if __name__ == "__main__":
    sys.exit(main())
