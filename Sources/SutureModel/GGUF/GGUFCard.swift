// SPDX-License-Identifier: Apache-2.0

/// README.md of an imported model: where it comes from, and that its numbers are no better than those of the file.
struct GGUFCard {
    let file: GGUFFile
    let types: [String: Int]
    let dtype: String

    var text: String {
        let name = file.metadata["general.name"]?.text ?? file.url.deletingPathExtension().lastPathComponent
        var lines = ["---", "library_name: transformers"]
        if let license = file.metadata["general.license"]?.text {
            lines.append("license: \(JSONValue.text(license).written(isCompact: true))")
        }
        lines += ["---", "", "# \(Self.line(name))", ""]
        let list = types.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) as \($0.key)" }
        lines.append(
            "`suture model import` wrote this folder from the GGUF file `\(Self.line(file.url.lastPathComponent))`, which stores "
                + "its tensors as follows: \(list.joined(separator: ", ")).")
        lines.append(
            types.keys.contains { name in GGUFType.allCases.contains { $0.name == name && $0.isQuantised } }
                ? "The quantised numbers are written in \(dtype) as the numbers that they stand for. The model is no more precise "
                    + "than the file."
                : "The numbers are written in \(dtype).")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func line(_ text: String) -> String {
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : String($0) }.joined()
    }
}
