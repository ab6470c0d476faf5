// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import Yams

extension ConfigNode {
    /// The largest size to which anchors may expand a file, whether by mistake or with intent.
    static let largestTree = 200_000
    /// Larger files are not experiment files.
    static let largestFile = 4 << 20

    /// Reads one YAML document into a tree. Anchors and `<<` merges are resolved; nothing is typed. Keys are texts, and are
    /// compared as they are written.
    ///
    /// - Parameter name: the file's name, for sentences.
    /// - Throws: `kind`, with the place, for what is not YAML, for a key that appears twice, and for tags.
    package init(
        yaml data: Data, name: String, kind: RuntimeError.Kind = .usage
    ) throws(RuntimeError) {
        guard data.count <= Self.largestFile else {
            throw RuntimeError(
                kind, "\(name) has \(data.count) bytes, which is more than an experiment file may have",
                hint: "give the path of the YAML file")
        }
        let bytes = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        guard let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains("\0") else {
            throw RuntimeError(kind, "\(name) is not a UTF-8 text", hint: "save it as UTF-8")
        }
        if let marked = YAMLAliases.marked(text) {
            do throws(RuntimeError) {
                _ = try Self.parsed(marked, name: name, kind: kind, isMarked: true)
            } catch {
                throw YAMLAliases.unmarked(error)
            }
        }
        self = try Self.parsed(text, name: name, kind: kind)
    }

    private static func parsed(
        _ text: String, name: String, kind: RuntimeError.Kind, isMarked: Bool = false
    ) throws(RuntimeError) -> ConfigNode {
        let root: Node?
        // The parser keeps the anchors alive that nodes refer to, so the tree is converted before the parser ends.
        let parser: Yams.Parser
        do {
            // The resolver that knows texts alone: what a key looks like does not make it another key.
            parser = try Yams.Parser(yaml: text, resolver: .basic, encoding: .utf8)
            root = try parser.singleRoot()
        } catch let error as YamlError {
            throw Self.sentence(error, name, kind)
        } catch {
            throw RuntimeError(kind, "\(name) cannot be read: \(error)")
        }
        guard let root else { throw RuntimeError(kind, "\(name) is empty", hint: "give it at least a model") }
        var builder = Builder(name: name, kind: kind, isMarked: isMarked)
        return try withExtendedLifetime(parser) { () throws(RuntimeError) in try builder.node(root, depth: 0) }
    }

    /// A parser's complaint as one sentence with its place.
    private static func sentence(_ error: YamlError, _ name: String, _ kind: RuntimeError.Kind) -> RuntimeError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let before = context.map { " (\($0.text) at line \($0.mark.line))" } ?? ""
            let hint =
                problem.contains("cannot start any token")
                ? "indent with spaces, not tabs, and quote texts that begin with @, ` or %"
                : "check indentation, brackets and quotes around this line"
            return RuntimeError(
                kind, "\(name):\(mark.line):\(mark.column): this is not YAML: \(problem)\(before)", hint: hint)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "'\($0)'" }.joined(separator: ", ")
            return RuntimeError(
                kind, "\(name):\(context.mark.line):\(context.mark.column): the key \(keys) is given more than once",
                hint: "keep one of them")
        case .reader(let problem, _, _, _):
            return RuntimeError(kind, "\(name) is not YAML: \(problem)", hint: "save it as UTF-8 text")
        default:
            return RuntimeError(kind, "\(name) is not YAML: \(error)")
        }
    }

    /// Converts the parser's tree.
    private struct Builder {
        let name: String
        let kind: RuntimeError.Kind
        /// Whether texts with a mark stand for aliases (``YAMLAliases``).
        let isMarked: Bool
        var count = 0

        private func isAlias(_ scalar: Node.Scalar) -> Bool { isMarked && YAMLAliases.isMarked(scalar.string) }

        mutating func node(_ node: Node, depth: Int) throws(RuntimeError) -> ConfigNode {
            count += 1
            let place = place(node.mark)
            guard count <= ConfigNode.largestTree, depth < 64 else {
                throw RuntimeError(kind, "\(place): the values unfold to too large a tree", hint: "use fewer anchors")
            }
            switch node {
            case .scalar(let scalar) where isAlias(scalar): return ConfigNode(.mapping([]), at: place)
            case .scalar(let scalar):
                let isTagged = try tag(scalar.tag, allowed: ["str", "int", "float", "bool", "null"], place) == "str"
                let isPlain = scalar.style == .any || scalar.style == .plain
                return ConfigNode(.scalar(scalar.string, isQuoted: isTagged || !isPlain), at: place)
            case .sequence(let sequence):
                _ = try tag(sequence.tag, allowed: ["seq"], place)
                var items: [ConfigNode] = []
                for item in sequence { items.append(try self.node(item, depth: depth + 1)) }
                return ConfigNode(.list(items), at: place)
            case .mapping(let mapping):
                _ = try tag(mapping.tag, allowed: ["map"], place)
                return ConfigNode(.mapping(try entries(mapping, depth: depth)), at: place)
            case .alias:
                throw RuntimeError(kind, "\(place): an alias has no anchor")
            }
        }

        private func place(_ mark: Mark?) -> Place {
            .file(name, line: mark?.line ?? 1, column: mark?.column ?? 1)
        }

        private mutating func entries(_ mapping: Node.Mapping, depth: Int) throws(RuntimeError) -> [Entry] {
            var entries: [Entry] = []
            var seen: Set<String> = []
            var merged: [Entry] = []
            for (key, value) in mapping {
                let place = place(key.mark)
                guard case .scalar(let scalar) = key, !isAlias(scalar) else {
                    throw RuntimeError(kind, "\(place): a key must be a plain text")
                }
                let converted = try node(value, depth: depth + 1)
                if scalar.string == "<<", scalar.style == .plain || scalar.style == .any {
                    merged += try mergedEntries(converted)
                    continue
                }
                guard seen.insert(scalar.string).inserted else {
                    throw RuntimeError(
                        kind, "\(place): the key '\(scalar.string)' is given more than once",
                        hint: "keep one of them")
                }
                entries.append(Entry(key: scalar.string, place: place, value: converted))
            }
            // Keys of the mapping itself win, then those of the mapping that is merged first.
            for entry in merged where seen.insert(entry.key).inserted { entries.append(entry) }
            return entries
        }

        private func mergedEntries(_ node: ConfigNode) throws(RuntimeError) -> [Entry] {
            switch node.content {
            case .mapping(let entries): return entries
            case .list(let items):
                var entries: [Entry] = []
                for item in items { entries += try mergedEntries(item) }
                return entries
            case .scalar:
                throw RuntimeError(
                    kind, "\(node.place): '<<' merges a section, got \(node.phrase)", hint: "write <<: *anchor")
            }
        }

        /// The short name of an explicit tag; empty where there is none.
        private func tag(_ tag: Tag, allowed: [String], _ place: Place) throws(RuntimeError) -> String {
            let name = tag.rawValue
            let prefix = "tag:yaml.org,2002:"
            if name.isEmpty || name == "!" { return name == "!" ? "str" : "" }
            let short = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
            guard name.hasPrefix(prefix), allowed.contains(short) else {
                throw RuntimeError(kind, "\(place): the tag '\(name)' has no meaning here", hint: "remove it")
            }
            return short
        }
    }
}
