# SPDX-License-Identifier: Apache-2.0
"""Obtains libtorch (headers and CPU libraries) from the torch wheel.

    python3 Scripts/libtorch.py --version 2.13.0 --into .deps [--wheel FILE] [--compiler clang++]

The result is `.deps/libtorch/{include,lib}`. Either build of the wheel will do. The CUDA build's `libtorch_cpu.so` also
needs the CUDA runtime and CUPTI libraries, so these two small wheels are fetched in the versions that the torch wheel's
metadata names. Only the libraries that `libtorch_cpu.so` needs are unpacked: no Python binding, no GPU kernels.

Wheels stay in `.deps/wheels`, and nothing is fetched twice. Everything is assembled under another name and renamed, so an
interrupted run leaves either the old state or the new one. Exit status: 0 done, 2 with one sentence on stderr.
"""
import argparse
import mmap
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib

# Counts up when the unpacked layout changes, so that an older `.deps` is made again.
LAYOUT = 1

# Libraries outside the torch wheel that `libtorch_cpu.so` of a CUDA build needs, and the distribution that holds each.
CUDA_DISTRIBUTIONS = {"libcudart.so": "nvidia-cuda-runtime", "libcupti.so": "nvidia-cuda-cupti"}


class SetupError(Exception):
    """One sentence that tells the reader what is missing and what to do."""


def needed_libraries(data):
    """The DT_NEEDED names of a 64-bit little-endian ELF file, in file order."""
    if data[:6] != b"\x7fELF\x02\x01":
        raise SetupError("A library in the wheel is not a 64-bit little-endian ELF file; set LIBTORCH to a libtorch "
                         "folder made for this machine.")
    (program_offset,) = struct.unpack_from("<Q", data, 32)
    entry_size, entry_count = struct.unpack_from("<HH", data, 54)
    segments = [struct.unpack_from("<IIQQQQ", data, program_offset + i * entry_size) for i in range(entry_count)]
    loads = [(address, offset, size) for kind, _, offset, address, _, size in segments if kind == 1]
    tags = []
    for kind, _, offset, _, _, size in segments:
        if kind == 2:
            tags = [struct.unpack_from("<QQ", data, offset + i) for i in range(0, size, 16)]
    table = next((value for tag, value in tags if tag == 5), None)
    if table is None:
        return []
    strings = next(table - address + offset for address, offset, size in loads if address <= table < address + size)
    starts = [strings + value for tag, value in tags if tag == 1]
    return [data[start:data.find(b"\0", start)].decode() for start in starts]


def opened(wheel):
    """The wheel as an archive."""
    try:
        return zipfile.ZipFile(wheel)
    except zipfile.BadZipFile as problem:
        raise SetupError(f"{wheel} is not a wheel or is cut short; remove it and run the set-up again.") from problem


def requirements(wheel):
    """The wheel's pinned requirements, name to version; extras and markers are ignored."""
    with opened(wheel) as archive:
        metadata = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        text = archive.read(metadata).decode()
    pinned = {}
    for line in text.split("\n\n", 1)[0].splitlines():
        match = re.match(r"Requires-Dist:\s*([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?==\s*([\w.+!*-]+)", line)
        if match:
            pinned[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return pinned


def fetch(name, version, wheels):
    """The path of the wheel of `name==version`, from `wheels` or else by pip."""
    pattern = f"{name.replace('-', '_')}-{version.rstrip('.*')}[-.+]*.whl"
    present = sorted(wheels.glob(pattern))
    if present:
        return present[-1]
    partial = wheels.with_name(f"{wheels.name}.tmp-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    wheels.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check",
               "--only-binary=:all:", "-d", str(partial)]
    requirement = f"{name}=={version}"
    try:
        # The libraries used here do not depend on Python, so any version's wheel serves where this Python has none.
        for extra in ([], ["--python-version", "3.12"]):
            if subprocess.run([*command, *extra, requirement], stdout=sys.stderr).returncode == 0:
                break
        found = sorted(partial.glob("*.whl"))
        if not found:
            raise SetupError(f"pip could not download {requirement}; check the network and pip's configuration, or set "
                             "LIBTORCH to a libtorch folder.")
        target = wheels / found[0].name
        os.replace(found[0], target)
        return target
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def cuda_wheel(distribution, torch_wheel, wheels):
    """The wheel of one CUDA distribution in the version that the torch wheel asks for, directly or by the toolkit."""
    pinned = requirements(torch_wheel)
    if "cuda-toolkit" in pinned:
        pinned = {**pinned, **requirements(fetch("cuda-toolkit", pinned["cuda-toolkit"], wheels))}
    for name, version in pinned.items():
        if re.fullmatch(re.escape(distribution) + r"(-cu\d+)?", name):
            return fetch(name, version, wheels)
    raise SetupError(f"The metadata of {torch_wheel.name} names no version of {distribution}, which its libtorch "
                     "needs; set LIBTORCH to a libtorch folder.")


def extract(archive, member, target):
    """Writes one member of a wheel to `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open(member) as source, open(target, "wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
    except (zipfile.BadZipFile, zlib.error) as problem:
        raise SetupError(f"{archive.filename} is damaged; remove it and run the set-up again.") from problem


def unpack(wheel, wheels, folder):
    """Unpacks headers, `libtorch_cpu`, `libc10` and all they need from wheels into `folder/{include,lib}`."""
    with opened(wheel) as archive:
        names = archive.namelist()
        if "torch/lib/libtorch_cpu.so" not in names:
            raise SetupError(f"{wheel.name} holds no torch/lib/libtorch_cpu.so; give a torch wheel made for Linux.")
        for name in names:
            if name.startswith("torch/include/") and not name.endswith("/"):
                extract(archive, name, folder / name[len("torch/"):])
        inside = {pathlib.PurePosixPath(n).name: n for n in names if re.match(r"torch(/lib|\.libs)/[^/]+\.so", n)}
        pending, done = ["libtorch_cpu.so", "libc10.so"], set()
        while pending:
            library = pending.pop()
            if library in done:
                continue
            done.add(library)
            target = folder / "lib" / library
            stem = library.split(".so")[0] + ".so"
            if library in inside:
                extract(archive, inside[library], target)
            elif stem in CUDA_DISTRIBUTIONS:
                with opened(cuda_wheel(CUDA_DISTRIBUTIONS[stem], wheel, wheels)) as other:
                    member = next((n for n in other.namelist() if n.endswith("/" + library)), None)
                    if member is None:
                        raise SetupError(f"The wheel of {CUDA_DISTRIBUTIONS[stem]} holds no {library}, which libtorch "
                                         "needs; set LIBTORCH to a libtorch folder.")
                    extract(other, member, target)
            else:
                continue  # A library of the system; `check` finds out whether it is there.
            target.chmod(0o755)
            with open(target, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                pending += needed_libraries(data)


def check(folder, compiler):
    """Links an empty program with the two libraries and runs it, so that a missing library shows here."""
    program = folder / "check-program"
    source = folder / "check-program.cpp"
    source.write_text("int main() { return 0; }\n")
    link = [compiler, "-std=c++17", str(source), "-o", str(program), "-Wl,--no-as-needed", f"-L{folder / 'lib'}",
            "-ltorch_cpu", "-lc10", f"-Wl,-rpath,{folder / 'lib'}"]
    for command in (link, [str(program)]):
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            reason = (result.stderr.strip() or f"exit status {result.returncode}").splitlines()[-1]
            raise SetupError(f"A program linked with libtorch does not run ({reason}); install the library that is "
                             "named, or set LIBTORCH to another libtorch folder.")
    program.unlink()
    source.unlink()


def main():
    parser = argparse.ArgumentParser(description="Obtains libtorch from the torch wheel.")
    parser.add_argument("--version", required=True)
    parser.add_argument("--into", required=True, type=pathlib.Path)
    parser.add_argument("--wheel", type=pathlib.Path)
    parser.add_argument("--compiler", default="clang++")
    options = parser.parse_args()
    into = options.into.resolve()
    folder, wheels = into / "libtorch", into / "wheels"
    stamp = folder / ".suture-stamp"
    wanted = f"layout {LAYOUT}, torch {options.version}" + (f", {options.wheel.name}" if options.wheel else "")
    if stamp.is_file() and stamp.read_text().startswith(wanted):
        print(f"libtorch: {folder} is up to date ({stamp.read_text().strip()}).")
        return
    if options.wheel and not options.wheel.is_file():
        raise SetupError(f"SUTURE_TORCH_WHEEL names {options.wheel}, which is not a file; give the path of a torch "
                         "wheel.")
    into.mkdir(parents=True, exist_ok=True)
    for leftover in into.glob("*.tmp-*"):
        shutil.rmtree(leftover)
    wheel = options.wheel or fetch("torch", options.version, wheels)
    partial = into / f"libtorch.tmp-{os.getpid()}"
    try:
        unpack(wheel, wheels, partial)
        check(partial, options.compiler)
        (partial / stamp.name).write_text(f"layout {LAYOUT}, torch {options.version}, {wheel.name}\n")
        if folder.exists():
            os.replace(folder, into / f"libtorch.tmp-{os.getpid()}-old")
        os.replace(partial, folder)
    finally:
        for leftover in into.glob(f"libtorch.tmp-{os.getpid()}*"):
            shutil.rmtree(leftover, ignore_errors=True)
    print(f"libtorch: unpacked {wheel.name} to {folder}.")


if __name__ == "__main__":
    try:
        main()
    except SetupError as problem:
        print(f"setup: {problem}", file=sys.stderr)
        sys.exit(2)
