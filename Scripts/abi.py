#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes everything that follows from the headers of the plugin ABI, which are its schema.

    python3 Scripts/abi.py                 write the generated files
    python3 Scripts/abi.py --check         fail where a generated file no longer follows from the headers, where the
                                           headers break what the committed layout table promises, and where SutureKit
                                           calls a function of a later minor without Host.require
    python3 Scripts/abi.py --later FOLDER  write a copy of the headers as a later minor would have them: every struct and
                                           every table has something appended; for tests of both directions

What is written is listed by `--list`. The layout table may grow: fields are appended, each marked SUTURE_SINCE(minor) with
a minor above 0. A row that changes or disappears breaks the ABI and needs a new major. The script needs clang,
which is part of the Swift toolchain.
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "Sources/CSuture/include"
HEADERS = ["abi", "kinds", "values", "parameter", "plugin", "session", "model", "tensor", "function", "native"]
TABLE = "Sources/CSuture/abi-layout.tsv"
SWIFT_SCALARS = {"int32_t": "Int32", "uint32_t": "UInt32", "int64_t": "Int64", "uint64_t": "UInt64", "double": "Double",
                 "size_t": "Int"}


class Failure(Exception):
    """A sentence for the user."""


def tool(name):
    """The path of a program of the Swift toolchain."""
    swift = shutil.which("swiftc")
    beside = pathlib.Path(swift).resolve().parent / name if swift else None
    found = str(beside) if beside and beside.exists() else shutil.which(name)
    if not found:
        raise Failure(f"{name} was not found; put the Swift toolchain's bin folder on PATH")
    return found


def clang(*arguments, include=INCLUDE):
    command = [tool("clang"), "-x", "c", "-std=c11", "-fsyntax-only", "-I", str(include), *arguments, "-"]
    done = subprocess.run(command, input="#include <suture/suture.h>\n", capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"the headers do not compile:\n{done.stderr}")
    return done.stdout


# Reading the headers


class Field:
    def __init__(self, name, offset, size, type_, since):
        self.name, self.offset, self.size, self.type, self.since = name, offset, size, type_, since

    @property
    def is_function(self):
        return "(*" in self.type


class Struct:
    def __init__(self, name, size, fields):
        self.name, self.size, self.fields = name, size, fields

    @property
    def first_size(self):
        """The bytes that the fields of minor 0 take: what the shortest struct of this major has."""
        return max(field.offset + field.size for field in self.fields if field.since == 0)

    @property
    def list_item(self):
        """The struct of a list's elements, where this is a list."""
        if [field.name for field in self.fields] == ["struct_size", "count", "items"]:
            return re.search(r"(suture_\w+)", self.fields[2].type)[1]
        return None

    @property
    def has_functions(self):
        return any(field.is_function for field in self.fields)


class Schema:
    """What the headers say."""

    def __init__(self, include=INCLUDE):
        self.texts = {name: (include / f"suture/{name}.h").read_text() for name in HEADERS}
        abi = self.texts["abi"]
        self.major, self.minor = (int(re.search(rf"#define SUTURE_ABI_{part} (\d+)u", abi)[1])
                                  for part in ("MAJOR", "MINOR"))
        self.structs = self.read_structs(include)
        self.kinds, self.operations = self.read_kinds()
        self.tensor_operations = self.read_tensor_operations()
        self.check()

    def read_structs(self, include):
        offsets = layouts(clang("-Xclang", "-fdump-record-layouts-complete", include=include))
        tree = json.loads(clang("-Xclang", "-ast-dump=json", include=include))
        since = {}
        for text in self.texts.values():
            for name, body in re.findall(r"typedef struct (suture_\w+) \{(.*?)\n\} \1;", text, re.S):
                for minor, declaration in re.findall(r"SUTURE_SINCE\((\d+)\)([^;]*);", body):
                    since[name, declared_name(declaration)] = int(minor)
        structs = []
        for node in tree["inner"]:
            name = node.get("name", "")
            if node.get("kind") != "RecordDecl" or not name.startswith("suture_") or name not in offsets:
                continue
            fields = [member for member in node.get("inner", []) if member["kind"] == "FieldDecl"]
            rows, size = offsets[name]
            ends = [rows[field["name"]] for field in fields[1:]] + [size]
            structs.append(Struct(name, size, [
                Field(field["name"], rows[field["name"]],
                      min(end - rows[field["name"]], width(field["type"]["qualType"])), field["type"]["qualType"],
                      since.get((name, field["name"]), 0))
                for field, end in zip(fields, ends)]))
        return sorted(structs, key=lambda struct: struct.name)

    def read_kinds(self):
        """The rows of kinds.h: kinds (case, code, phrase, summary), operations (case, code, kind, reads, emits)."""
        text = re.sub(r"\s+\* ", " ", self.texts["kinds"])
        kinds = []
        for name, code, comment in re.findall(r"#define SUTURE_KIND_(\w+) (\d+)\s*/\* (.*?) \*/", text):
            phrase, _, summary = comment.partition(": ")
            if phrase.split()[-1] != name.lower() or not summary:
                raise Failure(f"kinds.h: the comment of SUTURE_KIND_{name} must be \"a {name.lower()}: what it does\"")
            kinds.append((name.lower(), int(code), phrase, summary))
        operations = []
        for name, code, comment in re.findall(r"#define SUTURE_OPERATION_(\w+) (\d+)\s*/\* (.*?) \*/", text):
            row = re.fullmatch(r"(\w+): ([\w, ]+) -> ([\w, ]+)", comment)
            if not row or row[1] not in [kind[0] for kind in kinds]:
                raise Failure(f"kinds.h: the comment of SUTURE_OPERATION_{name} must be \"kind: reads -> hands out\"")
            operations.append((name.lower(), int(code), row[1], row[2].split(", "), row[3].split(", ")))
        return kinds, operations

    def read_tensor_operations(self):
        """By group: the constants, in the order of their codes from 1."""
        groups = {}
        for name, body in re.findall(r"/\* operations (\w+).*?\*/\n(.*?)\n\n", self.texts["tensor"], re.S):
            rows = re.findall(r"#define SUTURE_(\w+) (\d+)", body)
            if [int(code) for _, code in rows] != list(range(1, len(rows) + 1)):
                raise Failure(f"tensor.h: the codes of the group {name} must run from 1 without a gap")
            groups[name] = [constant for constant, _ in rows]
        return groups

    def check(self):
        """The rules that compilers do not know."""
        for struct in self.structs:
            if struct.fields[0].name != "struct_size":
                raise Failure(f"{struct.name} must begin with struct_size")
            minors = [field.since for field in struct.fields]
            if minors != sorted(minors):
                raise Failure(f"{struct.name}: a field of an earlier minor follows one of a later minor")
            if max(minors) > self.minor:
                raise Failure(f"{struct.name} has a field of minor {max(minors)}, and SUTURE_ABI_MINOR is {self.minor}")
        fields = {field.name for struct in self.structs if struct.name == "suture_call" for field in struct.fields}
        receivers = {field.name + "s" for struct in self.structs if struct.name == "suture_sink"
                     for field in struct.fields}
        for name, _, _, reads, emits in self.operations:
            for read in reads:
                if read not in fields:
                    raise Failure(f"kinds.h: {name} reads {read}, which suture_call does not have")
            for emitted in emits:
                if emitted not in receivers:
                    raise Failure(f"kinds.h: {name} hands out {emitted}, which suture_sink does not receive")


def declared_name(declaration):
    """The name that a C declaration declares."""
    function = re.search(r"\(\*\s*(?:SUTURE_NULLABLE\s+|SUTURE_NONNULL\s+)?(\w+)\)\(", declaration)
    return function[1] if function else re.search(r"(\w+)\s*(?:\[\w+\])?\s*$", declaration)[1]


def width(type_):
    if array := re.search(r"\[(\d+)\]$", type_):
        return int(array[1]) * width(type_[: array.start()])
    return {"int32_t": 4, "uint32_t": 4}.get(type_, 8)


def layouts(dump):
    """Offsets and size of each struct, from clang's dump."""
    found, rows, name = {}, {}, None
    for line in dump.splitlines():
        if match := re.match(r"\s*0 \| struct (suture_\w+)$", line):
            name, rows = match[1], {}
        elif name and (match := re.match(r"\s*(\d+) \|   (\S.*)$", line)):
            if named := re.search(r"(\w+)(\[\d+\])?$", match[2].split()[-1].strip(")")):
                rows[named[1]] = int(match[1])
        elif name and (match := re.search(r"\[sizeof=(\d+), align=\d+\]", line)):
            found[name] = (rows, int(match[1]))
            name = None
    return found


# Writing

C_NOTE = "/* Generated by Scripts/abi.py. Do not edit. */\n/* SPDX-License-Identifier: Apache-2.0 */\n"
SWIFT_NOTE = "// Generated by Scripts/abi.py. Do not edit.\n// SPDX-License-Identifier: Apache-2.0\n"


def layout_table(schema):
    lines = [f"# Generated by Scripts/abi.py. ABI {schema.major}. Offsets in bytes on 64-bit platforms, and the minor in which "
             "each field appeared. A row that changes is a broken ABI."]
    for struct in schema.structs:
        lines += [f"{struct.name}\t{field.name}\t{field.offset}\t{field.since}" for field in struct.fields]
    return "\n".join(lines) + "\n"


def layout_asserts(schema):
    lines = [C_NOTE + "#include <stddef.h>\n", '#include "suture/suture.h"\n', "#if UINTPTR_MAX == UINT64_MAX"]
    for struct in schema.structs:
        lines += [f'_Static_assert(offsetof({struct.name}, {field.name}) == {field.offset}, "{struct.name}.{field.name}");'
                  for field in struct.fields]
        lines.append(f'_Static_assert(sizeof({struct.name}) == {struct.size}, "{struct.name}");')
    return "\n".join(lines) + "\n#endif\n"


def first_sizes(schema):
    """For the host's C++: the sizes of structs that plugins make."""
    lines = [C_NOTE + "#ifndef SUTURE_FIRST_SIZES_H", "#define SUTURE_FIRST_SIZES_H\n",
             "/* The bytes of each struct's fields of minor 0: no shorter one is valid. */"]
    lines += [f"#define SUTURE_FIRST_SIZE_{struct.name} {struct.first_size}" for struct in schema.structs]
    return "\n".join(lines) + "\n\n#endif\n"


def swift_type(type_):
    """The Swift type of a field that is not a function, and the value that represents a missing one."""
    bare = re.sub(r"\b(_Nullable|_Nonnull|const)\b", "", type_)
    bare = re.sub(r"\s+", " ", bare).replace(" *", "*").strip()
    if bare in SWIFT_SCALARS:
        return SWIFT_SCALARS[bare], "0"
    if not bare.endswith("*"):
        return None
    base, depth = bare.rstrip("*").strip(), len(bare) - len(bare.rstrip("*"))
    inner = {"char": "CChar", "void": None}.get(base, SWIFT_SCALARS.get(base, base))
    is_const = "const" in type_
    if depth == 1:
        if base == "void":
            return ("UnsafeRawPointer?" if is_const else "UnsafeMutableRawPointer?"), "nil"
        if base in OPAQUE:
            return "OpaquePointer?", "nil"
        return f"UnsafePointer<{inner}>?", "nil"
    if base in OPAQUE:
        return "UnsafeMutablePointer<OpaquePointer?>?", "nil"
    return f"UnsafePointer<UnsafePointer<{inner}>?>?", "nil"


OPAQUE = {"suture_tensor", "suture_model", "suture_cache", "suture_session", "suture_instance", "suture_error",
          "suture_function", "suture_generator", "suture_optimizer"}


def swift_readers(schema):
    lines = [SWIFT_NOTE, "import CSuture\n", "// Size-safe readers of the ABI's structs; see ``Foreign``.\n"]
    for struct in schema.structs:
        names = [f'"{field.name}"' for field in struct.fields]
        lines.append(f"extension {struct.name}: ForeignLayout {{")
        lines.append(f'    package static var abiName: String {{ "{struct.name}" }}')
        lines.append(f"    package static var firstSize: Int {{ {struct.first_size} }}")
        if struct.has_functions:
            lines.append("    package static var functions: [ForeignFunctionRow] {")
            lines.append("        [")
            for field in struct.fields:
                if field.is_function:
                    lines.append(f'            ForeignFunctionRow("{field.name}", offset: {field.offset}, minor: {field.since}),')
            lines += ["        ]", "    }"]
            later = [field for field in struct.fields if field.is_function and field.since > 0]
            if later:
                lines += ["", "    /// Functions of a later minor: ``Host/require(_:of:)`` one before the call.",
                          "    package enum Later {"]
                lines += [f'        package static let {swift_name(field.name)} = ForeignFunctionRow("{field.name}", '
                          f"offset: {field.offset}, minor: {field.since})" for field in later]
                lines.append("    }")
        lines.append("}\n")
        if struct.list_item:
            lines.append(f"extension {struct.name}: ForeignList {{")
            lines.append(f"    package typealias Item = {struct.list_item}")
            lines.append("}\n")
            continue
        readable = [(field, swift_type(field.type)) for field in struct.fields[1:] if not field.is_function]
        readable = [(field, known) for field, known in readable if known and field.name != "reserved"]
        if readable:
            lines.append(f"extension Foreign where Struct == {struct.name} {{")
            for field, (type_, neutral) in readable:
                body = (f"load({field.offset}, as: {type_}.self)" if field.since == 0
                        else f"load({field.offset}, as: {type_}.self, or: {neutral})")
                lines.append(f"    package var {swift_name(field.name)}: {type_} {{ {body} }}")
            lines.append("}\n")
    return swift_formatted("\n".join(lines))


def swift_name(name):
    return f"`{name}`" if name in ("extension", "protocol", "where", "repeat", "in", "is", "as", "operator") else name


def camel(name):
    first, *rest = name.lower().split("_")
    return swift_name(first + "".join(part.capitalize() for part in rest))


def swift_kinds(schema):
    lines = [SWIFT_NOTE, "/// What kind of method a component is: a row of kinds.h. The raw value is the ABI's number.",
             "public enum ComponentKind: Int32, Sendable, Hashable, CaseIterable, Codable {"]
    for name, code, phrase, summary in schema.kinds:
        lines += [f"    /// {phrase[0].upper()}{phrase[1:]} {summary}.", f"    case {name} = {code}"]
    lines += ["", '    /// "locator", for sentences and files.', "    public var name: String {", "        switch self {"]
    lines += [f'        case .{name}: "{name}"' for name, *_ in schema.kinds]
    lines += ["        }", "    }", "", '    /// "a locator", for sentences.', "    public var phrase: String {",
              "        switch self {"]
    lines += [f'        case .{name}: "{phrase}"' for name, _, phrase, _ in schema.kinds]
    lines += ["        }", "    }", "}", "",
              "/// What a component can be asked to do: a row of kinds.h. The raw value is the ABI's number.",
              "public enum Operation: Int32, Sendable, Hashable, CaseIterable {"]
    for name, code, kind, reads, emits in schema.operations:
        lines += [f"    /// Of {next(k[2] for k in schema.kinds if k[0] == kind)}: {', '.join(reads)} → {', '.join(emits)}.",
                  f"    case {name} = {code}"]
    lines += ["", '    /// "locate", for sentences and the log.', "    public var name: String {", "        switch self {"]
    lines += [f'        case .{name}: "{name}"' for name, *_ in schema.operations]
    lines += ["        }", "    }", "", "    /// The kind whose components perform it.", "    public var kind: ComponentKind {",
              "        switch self {"]
    lines += [f"        case .{name}: .{kind}" for name, _, kind, _, _ in schema.operations]
    lines += ["        }", "    }", "", "    /// What a call of it brings.", "    public var reads: InputKinds {",
              "        switch self {"]
    lines += [f"        case .{name}: [{', '.join('.' + read for read in reads)}]"
              for name, _, _, reads, _ in schema.operations]
    lines += ["        }", "    }", "", "    /// What a call of it may hand out.", "    public var emits: ResultKinds {",
              "        switch self {"]
    lines += [f"        case .{name}: [{', '.join('.' + e for e in emits)}]" for name, _, _, _, emits in schema.operations]
    lines += ["        }", "    }", "}", "",
              ""]
    call = next(struct for struct in schema.structs if struct.name == "suture_call")
    lists = {struct.name for struct in schema.structs if struct.list_item}
    inputs = [field.name for field in call.fields if any(name in field.type.split() for name in lists)]
    sink = next(struct for struct in schema.structs if struct.name == "suture_sink")
    results = [field.name + "s" for field in sink.fields if field.is_function]
    lines += option_set("InputKinds", "What a component can be given: lists of the ABI's call.", inputs)
    lines += option_set("ResultKinds", "What a component can hand out: functions of the ABI's sink.", results)
    return swift_formatted("\n".join(lines))


def option_set(name, comment, members):
    lines = [f"/// {comment}", f"public struct {name}: OptionSet, Sendable, Hashable {{",
             "    /// One bit for each member, in the order of the header.", "    public let rawValue: UInt32",
             "    /// The members of these bits; other bits are kept and mean nothing.",
             "    public init(rawValue: UInt32) { self.rawValue = rawValue }", ""]
    for bit, member in enumerate(members):
        lines += [f"    /// {member.capitalize()}.", f"    public static let {member} = {name}(rawValue: 1 << {bit})"]
    lines += ["", "    /// The names of the members, in the order of the header.", "    public var names: [String] {",
              "        var names: [String] = []"]
    lines += [f'        if contains(.{member}) {{ names.append("{member}") }}' for member in members]
    return lines + ["        return names", "    }", "}", ""]


def swift_tensor_operations(schema):
    lines = [SWIFT_NOTE, "import CSuture\n", "// The operations of the tensor table by group. A raw value is the ABI's code.\n"]
    for group, constants in schema.tensor_operations.items():
        lines.append(f"enum {group}Operation: Int32, CaseIterable {{")
        lines += [f"    case {camel(name)} = {code}" for code, name in enumerate(constants, 1)]
        lines.append("}\n")
    return swift_formatted("\n".join(lines))


def operation_names(schema):
    words = {"Unary": "unary operation", "Binary": "binary operation", "Reduction": "reduction",
             "Along": "operation along a dimension", "Decomposition": "decomposition", "Indexed": "indexed operation",
             "Shape": "shape operation"}
    lines = [C_NOTE.replace("*/\n/*", "*/\n/*") + "// The names of the tensor operations, for sentences. The first name of a group is that "
             "of numbers that are no code.\n#pragma once\n", "namespace torch_backend\n{"]
    for group, constants in schema.tensor_operations.items():
        names = [words[group]] + [name.lower() for name in constants]
        lines.append(f"constexpr const char *{group.lower()}Names[] = {{")
        lines += [f'    "{name}",' for name in names]
        lines.append("};")
    return "\n".join(lines) + "\n} // namespace torch_backend\n"


def function_list(schema):
    lines = ["<!-- Generated by Scripts/abi.py. Do not edit. -->", "# Functions of the plugin ABI", "",
             f"Every function of every table of ABI {schema.major}, in the order of the table, with the minor in which it "
             "appeared. What each does is written beside it in the header.", ""]
    for struct in schema.structs:
        if struct.has_functions:
            lines += [f"## `{struct.name}`", "", "| function | since |", "|---|---|"]
            lines += [f"| `{field.name}` | {schema.major}.{field.since} |" for field in struct.fields if field.is_function]
            lines.append("")
    lines += ["## Kinds and operations", "", "| kind | operation | reads | may hand out |", "|---|---|---|---|"]
    lines += [f"| {kind} | {name} | {', '.join(reads)} | {', '.join(emits)} |"
              for name, _, kind, reads, emits in schema.operations]
    return "\n".join(lines) + "\n"


def swift_formatted(text):
    done = subprocess.run([tool("swift-format"), "format", "--configuration", str(ROOT / ".swift-format"), "-"],
                          input=text,
                          capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"swift-format refuses a generated file: {done.stderr}")
    return done.stdout


GENERATED = {
    TABLE: layout_table,
    "Sources/CSuture/Layout.c": layout_asserts,
    "Sources/CSutureHost/include/SutureFirstSizes.h": first_sizes,
    "Sources/SutureKit/Generated/ForeignReaders.swift": swift_readers,
    "Sources/SutureKit/Generated/Kinds.swift": swift_kinds,
    "Sources/SutureKit/Generated/TensorOperations.swift": swift_tensor_operations,
    "Sources/TorchBackend/OperationNames.h": operation_names,
    "Docs/abi-functions.md": function_list,
}


def broken_rows(schema):
    """Rows of the committed table that the headers no longer keep; empty for a new major."""
    path = ROOT / TABLE
    if not path.exists() or f"ABI {schema.major}." not in path.read_text():
        return []
    now = set(layout_table(schema).splitlines())
    return [row for row in path.read_text().splitlines()[1:] if row not in now]


def added_without_minor(schema):
    """Fields that the committed table lacks and that are marked as of minor 0."""
    path = ROOT / TABLE
    if not path.exists() or f"ABI {schema.major}." not in path.read_text():
        return []
    known = {tuple(row.split("\t")[:2]) for row in path.read_text().splitlines()[1:]}
    structs = {name for name, _ in known}
    return [f"{struct.name}.{field.name}" for struct in schema.structs if struct.name in structs
            for field in struct.fields if (struct.name, field.name) not in known and field.since == 0]


# Tables that a plugin makes. The host reads them, and asks `Foreign.has`.
TABLES_OF_PLUGINS = {"suture_plugin", "suture_component"}


def unguarded_calls(schema):
    """Calls of SutureKit to host functions of a later minor, without Host.require before them in the same declaration."""
    later = {field.name: (struct.name, field.since) for struct in schema.structs if struct.name not in TABLES_OF_PLUGINS
             for field in struct.fields if field.is_function and field.since > 0}
    known = [field.name for struct in schema.structs for field in struct.fields if field.is_function]
    for name, (table, _) in later.items():
        if known.count(name) > 1:
            raise Failure(f"{table}.{name}: a function of a later minor needs a name that no other table has, so that its "
                          "calls can be told from theirs")
    found = []
    for path in sorted((ROOT / "Sources/SutureKit").rglob("*.swift")):
        declaration = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = line.split("//")[0]
            if re.search(r"\b(func|init|deinit|subscript|var)\b.*\{\s*$|\bfunc\b|^}", code):
                declaration = []
            declaration.append(code)
            for name in re.findall(r"\.pointee\s*\.`?(\w+)`?\b", code):
                if name not in later:
                    continue
                table, minor = later[name]
                if not re.search(rf"Host\.require\(\s*{table}\.Later\.`?{name}`?\s*,", "\n".join(declaration)):
                    found.append(f"{path.relative_to(ROOT)}:{number}: {table}.{name} appeared in minor {minor}; call "
                                 f"Host.require({table}.Later.{name}, of: table) before it")
    return found


def later(schema, folder):
    """The headers of a later minor: a field at the end of every struct, a function at the end of every table."""
    minor = schema.minor + 1
    target = pathlib.Path(folder) / "suture"
    target.mkdir(parents=True, exist_ok=True)
    functions = {struct.name for struct in schema.structs if struct.name.endswith("_api")}
    for source in (INCLUDE / "suture").glob("*.h"):
        def grown(match):
            added = (f"    SUTURE_SINCE({minor}) suture_result (*later_function)(int64_t later);\n"
                     if match[1] in functions else f"    SUTURE_SINCE({minor}) int64_t later_field;\n")
            return match[0][: -len(f"}} {match[1]};")] + added + f"}} {match[1]};"
        text = re.sub(r"typedef struct (suture_\w+) \{.*?\n\} \1;", grown, source.read_text(), flags=re.S)
        text = re.sub(r"(#define SUTURE_ABI_MINOR )\d+u", rf"\g<1>{minor}u", text)
        (target / source.name).write_text(text)
    Schema(pathlib.Path(folder))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing; exit status 1 where something differs")
    parser.add_argument("--later", metavar="FOLDER", help="write headers of a later minor into FOLDER/suture")
    parser.add_argument("--list", action="store_true", help="list the generated files")
    parser.add_argument("--break", dest="breaks", action="store_true",
                        help="write although the layout changes; only before the first release of a major")
    options = parser.parse_args()
    if options.list:
        print("\n".join(GENERATED))
        return
    schema = Schema()
    if options.later:
        later(schema, options.later)
        return
    if unguarded := unguarded_calls(schema):
        raise Failure("\n".join(["an older host lacks a function that is called:"] + unguarded))
    if not options.breaks:
        if broken := broken_rows(schema):
            raise Failure("the headers break the ABI: " + "; ".join(row.replace("\t", " ") for row in broken[:5])
                          + ("; …" if len(broken) > 5 else ""))
        if added := added_without_minor(schema):
            raise Failure(f"{', '.join(added)}: mark an appended field SUTURE_SINCE(minor), with a minor above 0")
    stale = []
    for name, write in GENERATED.items():
        text = write(schema)
        path = ROOT / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
                file.write(text)
            pathlib.Path(file.name).chmod(0o644)
            pathlib.Path(file.name).replace(path)
    if options.check and stale:
        raise Failure(f"not as the headers say: {', '.join(stale)}; run python3 Scripts/abi.py and commit the result")
    fields = sum(len(struct.fields) for struct in schema.structs)
    print(f"ABI {schema.major}.{schema.minor}: {len(schema.structs)} structs, {fields} fields, "
          f"{len(GENERATED)} generated files {'are up to date' if not stale else 'written'}")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"abi.py: {failure}")
