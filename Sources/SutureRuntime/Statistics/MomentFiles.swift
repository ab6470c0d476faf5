// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Files of second moments by layer, as people name them: one file, a folder, or a name with `{}` for the number of the layer.
package enum MomentFiles {
    private static let mark = "{}"
    private static let endings = [MomentFile.publishedEnding, MomentFile.ownEnding]

    /// The files of a name; nil where there are none.
    ///
    /// - Parameter name: an absolute path.
    /// - Throws: `usage` for a file whose name does not say its layer, and for two files of one layer.
    package static func byLayer(_ name: String) throws(RuntimeError) -> [Int: String]? {
        if name.contains(mark) {
            let found = matching(name)
            return found.isEmpty ? nil : found
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) else { return nil }
        guard isFolder.boolValue else {
            guard let layer = layer(ofFile: name) else { throw hasNoLayer(name) }
            return [layer: name]
        }
        var found: [Int: String] = [:]
        for file in ((try? FileManager.default.contentsOfDirectory(atPath: name)) ?? []).sorted() {
            guard endings.contains(where: file.hasSuffix), let layer = layer(ofFile: file) else { continue }
            if let other = found[layer] {
                throw RuntimeError(
                    .usage,
                    "the folder '\(name)' has two files of second moments of layer \(layer), '"
                        + URL(fileURLWithPath: other).lastPathComponent + "' and '\(file)'",
                    hint: "name the files of one kind with {} for the layer")
            }
            found[layer] = "\(name)/\(file)"
        }
        return found.isEmpty ? nil : found
    }

    /// The layer that a file's name says: 17 of "transformer.h.17.mlp.c_proj_float32_mom2_100000.npz", 3 of
    /// "neurons.3.safetensors"; nil where no part between dots is a number, or several are.
    package static func layer(ofFile path: String) -> Int? {
        let numbers = URL(fileURLWithPath: path).lastPathComponent.split(separator: ".").compactMap { Int($0) }
        return numbers.count == 1 ? numbers[0] : nil
    }

    package static func hasNoLayer(_ path: String) -> RuntimeError {
        RuntimeError(
            .usage, "the name of '\(path)' does not say of which layer its second moments are",
            hint: "name it by its layer: {17: FILE} in an experiment, --layer 17 for `suture statistics import`")
    }

    /// The files whose paths are a template with a number in place of the mark.
    private static func matching(_ template: String) -> [Int: String] {
        guard let range = template.range(of: mark) else { return [:] }
        let (before, after) = (template[..<range.lowerBound], template[range.upperBound...])
        let start = before.lastIndex(of: "/").map { before.index(after: $0) } ?? before.startIndex
        let end = after.firstIndex(of: "/") ?? after.endIndex
        let (folder, prefix, suffix) = (String(before[..<start]), before[start...], after[..<end])
        var found: [Int: String] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard name.count > prefix.count + suffix.count, name.hasPrefix(prefix), name.hasSuffix(suffix) else {
                continue
            }
            let digits = name.dropFirst(prefix.count).dropLast(suffix.count)
            // One way of writing each number, so that none has two files.
            guard let layer = Int(digits), String(layer) == digits, layer >= 0 else { continue }
            let path = folder + name + after[end...]
            if FileManager.default.fileExists(atPath: path) { found[layer] = path }
        }
        return found
    }
}

extension MomentFiles {
    /// The files that an experiment names: a text as ``byLayer(_:)`` reads it, or a section of files by layer.
    ///
    /// - Throws: a sentence with the place, for what is no such thing and for what is not there.
    static func byLayer(
        _ node: ConfigNode, of section: ConfigReader, _ paths: PathResolver
    ) throws(RuntimeError) -> [Int: String] {
        let what = "the file of second moments"
        guard let text = node.text else {
            return try byLayer(in: section) { (path) throws(RuntimeError) in
                guard let found = paths.existing(path) else {
                    throw paths.missing(path, what: what, at: node.place, kind: .file)
                }
                try PathResolver.checkRepeats(found, what: what, at: node.place)
                return found
            }
        }
        for place in paths.candidates(text) {
            if let found = try byLayer(place) { return found }
        }
        throw paths.missing(text, what: what, at: node.place, kind: .file)
    }

    /// A section of files by layer.
    static func byLayer(
        in section: ConfigReader, _ place: (String) throws(RuntimeError) -> String = { $0 }
    ) throws(RuntimeError) -> [Int: String] {
        var files: [Int: String] = [:]
        for (key, path) in try section.table("moments") {
            guard let layer = Int(key), layer >= 0 else {
                throw section.mustBe(
                    "a file, or files by layer", "moments", try section.required("moments"),
                    hint: "write a name with {} for the layer, or {17: FILE}")
            }
            files[layer] = try place(path)
        }
        return files
    }
}
