// SPDX-License-Identifier: Apache-2.0

/// Finds the name that someone probably meant.
enum NearestName {
    /// The candidate with the fewest edits from `name`, or nil where none is near: more than a third of its letters differ
    /// (but two may always differ in names of four letters and more).
    static func of(_ name: String, in candidates: [String]) -> String? {
        // Nobody means a long text, and the distance takes the product of two lengths.
        guard name.utf8.count <= longest else { return nil }
        let scored = candidates.filter { $0.utf8.count <= longest }.prefix(mostCandidates).map {
            (name: $0, distance: distance(name.lowercased(), $0.lowercased()))
        }
        guard let best = scored.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
        let allowed = name.count < 4 ? 1 : max(2, name.count / 3)
        return best.distance <= allowed ? best.name : nil
    }

    /// Bytes of a name.
    private static let longest = 200
    private static let mostCandidates = 1000

    /// Levenshtein's distance, where an exchange of neighbours counts once.
    static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a)
        let b = Array(b)
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
