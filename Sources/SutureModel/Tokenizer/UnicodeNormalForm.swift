// SPDX-License-Identifier: Apache-2.0

/// The Unicode normal forms, with the tables and the alignments of the `tokenizers` package.
///
/// The package normalises by Unicode 9: scalars that came later neither decompose, compose nor reorder. The tables are
/// built once from Foundation's mappings of single scalars, restricted to Unicode 9; the algorithm is Unicode Standard
/// Annex 15, written so that each scalar carries how it changes the alignment.
enum UnicodeNormalForm: String, CaseIterable, Sendable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    private var isCompatible: Bool { self == .nfkc || self == .nfkd }
    private var composes: Bool { self == .nfc || self == .nfkc }

    /// The text in this normal form.
    func apply(to text: AlignedText) -> AlignedText {
        let tables = UnicodeNormalTables.shared
        let bit: UInt8 =
            switch self {
            case .nfc: UnicodeNormalTables.changesNFC
            case .nfd: UnicodeNormalTables.changesNFD
            case .nfkc: UnicodeNormalTables.changesNFKC
            case .nfkd: UnicodeNormalTables.changesNFKD
            }
        guard text.scalars.contains(where: { tables.flags(of: $0) & bit != 0 }) else { return text }
        let decomposed = decompose(text.scalars, tables)
        return text.applying(composes ? compose(decomposed, tables) : decomposed)
    }

    private func decompose(_ scalars: [UInt32], _ tables: UnicodeNormalTables) -> [AlignedText.Change] {
        var result: [AlignedText.Change] = []
        result.reserveCapacity(scalars.count + scalars.count / 4)
        // Marks since the last starter, to be sorted by class, keeping the order of equal classes.
        var marks: [(combiningClass: UInt8, change: AlignedText.Change)] = []
        func flush() {
            if marks.count > 1 {
                let order = marks.indices.sorted {
                    (marks[$0].combiningClass, $0) < (marks[$1].combiningClass, $1)
                }
                for index in order { result.append(marks[index].change) }
            } else {
                for mark in marks { result.append(mark.change) }
            }
            marks.removeAll(keepingCapacity: true)
        }
        for scalar in scalars {
            var removed = 0
            tables.forEachPart(of: scalar, isCompatible: isCompatible) { part in
                let change = AlignedText.Change(scalar: part, removed: removed)
                let combiningClass = tables.combiningClass(of: part)
                if combiningClass == 0 {
                    flush()
                    result.append(change)
                } else {
                    marks.append((combiningClass, change))
                }
                removed = 1
            }
        }
        flush()
        return result
    }

    private func compose(
        _ changes: [AlignedText.Change], _ tables: UnicodeNormalTables
    ) -> [AlignedText.Change] {
        var result: [AlignedText.Change] = []
        result.reserveCapacity(changes.count)
        // The position in `result` of the starter that later scalars may join, and the class of the last mark kept.
        var starter: Int?
        var lastClass: UInt8?
        for change in changes {
            let combiningClass = tables.combiningClass(of: change.scalar)
            guard let index = starter else {
                if combiningClass == 0 { starter = result.count }
                result.append(change)
                continue
            }
            let isBlocked = lastClass.map { $0 >= combiningClass } ?? false
            if !isBlocked, let composed = tables.composition(result[index].scalar, change.scalar) {
                result[index] = AlignedText.Change(
                    scalar: composed, removed: result[index].removed + change.removed - 1)
                continue
            }
            if combiningClass == 0 {
                starter = result.count
                lastClass = nil
            } else {
                lastClass = combiningClass
            }
            result.append(change)
        }
        return result
    }
}
