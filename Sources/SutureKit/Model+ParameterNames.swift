// SPDX-License-Identifier: Apache-2.0

extension Model {
    /// The names of the parameters that some patterns choose, ascending and each once.
    ///
    /// - Parameter patterns: "all"; "mlp", which stands for everything in the modules that the down projections belong
    ///   to; or names in which each `*` stands for any text.
    /// - Throws: `notFound` for a pattern that chooses nothing.
    public func parameterNames(matching patterns: [String]) throws(SutureError) -> [String] {
        let known = try parameterNames
        var chosen: Set<String> = []
        for pattern in patterns {
            let found: [String]
            switch pattern {
            case "all": found = known
            case "mlp":
                let modules = try feedForwardModules()
                found = known.filter { name in modules.contains { name.hasPrefix($0) } }
            default: found = known.filter { NamePattern.matches($0, pattern) }
            }
            guard !found.isEmpty else {
                throw SutureError(
                    .notFound, "the model has no parameter \"\(pattern)\"",
                    hint: "parameters takes all, mlp, and names with *; `suture model inspect` lists the names")
            }
            chosen.formUnion(found)
        }
        return known.filter(chosen.contains)
    }

    /// The prefix of the names in each block's MLP, with the final dot.
    private func feedForwardModules() throws(SutureError) -> [String] {
        var modules: [String] = []
        for layer in 0..<info.layerCount {
            let parts = try weightName(reading: .neurons(layer)).split(separator: ".").dropLast(2)
            modules.append(parts.joined(separator: ".") + ".")
        }
        return modules
    }
}

/// Names with stars in place of text.
package enum NamePattern {
    /// Whether a name is `pattern`, in which each `*` stands for any text.
    package static func matches(_ name: String, _ pattern: String) -> Bool {
        let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return name == pattern }
        var rest = Substring(name).utf8
        guard rest.starts(with: first) else { return false }
        rest = rest.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() {
            // The earliest place is as good as any: what follows has the most room.
            while !rest.starts(with: part) {
                guard rest.popFirst() != nil else { return false }
            }
            rest = rest.dropFirst(part.count)
        }
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }
}
