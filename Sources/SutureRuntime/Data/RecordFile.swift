// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// The records of a JSON file: a list of them, or one a line (JSON lines).
struct RecordFile {
    let path: String
    let records: [JSONValue]
    /// What is wrong with lines that are no records, by position. Their record is null.
    private let broken: [Int: RuntimeError]

    /// - Parameters:
    ///   - what: it is called in sentences.
    ///   - hint: what a record of the format is, for a file that holds something else.
    ///   - log: whether a line that is not JSON may be skipped.
    /// - Throws: `file`, with line and column for what is not JSON.
    init(_ path: String, what: String = "the dataset", hint: String, _ log: ReadingLog) throws(RuntimeError) {
        let data = Data(try DataFile.contents(path, what: what))
        self.path = path
        if Self.isLines(data) {
            (records, broken) = try Self.lines(data, path: path, log)
            return
        }
        let json = try RuntimeError.wrapping { try JSONValue(data, name: path) }
        guard case .list(let records) = json else {
            throw RuntimeError(
                .file, "\(what) '\(path)' is not a JSON list of cases but \(json.phrase)", hint: hint)
        }
        self.records = records
        broken = [:]
    }

    /// The records that meet all conditions, with their positions in the file.
    ///
    /// - Throws: `usage` where no record has a field that a condition names, or none is left.
    func records(where conditions: [RecordCondition], _ log: ReadingLog) throws(RuntimeError) -> [CaseRecord] {
        for condition in conditions where !records.contains(where: { condition.value(in: $0) != nil }) {
            var known: [String] = []
            var seen: Set<String> = []
            for record in records.prefix(100) {
                var place: JSONValue? = record
                for key in condition.path.dropLast() { place = place?[key] }
                guard case .object(let members)? = place else { continue }
                known += members.map(\.key).filter { seen.insert($0).inserted }
            }
            let meant = NearestName.of(condition.path.last ?? "", in: known)
            throw RuntimeError(
                .usage, "no record of '\(path)' has a field '\(condition.name)'",
                hint: meant.map { "did you mean '\($0)'?" } ?? "its fields are \(known.joined(separator: ", "))")
        }
        let chosen = records.indices.filter { index in conditions.allSatisfy { $0.holds(for: records[index]) } }
        guard !chosen.isEmpty || conditions.isEmpty else {
            throw RuntimeError(
                .usage,
                "no record of '\(path)' has \(conditions.map(\.phrase).joined(separator: " and "))",
                hint: "widen dataset.where")
        }
        return chosen.map { CaseRecord(records[$0], file: path, position: $0, problem: broken[$0], log: log) }
    }

    /// Whether the first line is a whole record.
    private static func isLines(_ data: Data) -> Bool {
        let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let text = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        let line = text.drop { space.contains($0) }.prefix { $0 != 0x0A }
        return line.first == UInt8(ascii: "{") && line.last { !space.contains($0) } == UInt8(ascii: "}")
    }

    private static func lines(
        _ data: Data, path: String, _ log: ReadingLog
    ) throws(RuntimeError) -> (records: [JSONValue], broken: [Int: RuntimeError]) {
        var records: [JSONValue] = []
        var broken: [Int: RuntimeError] = [:]
        var number = 0
        var start = data.startIndex
        while start < data.endIndex {
            let end = data[start...].firstIndex(of: 0x0A) ?? data.endIndex
            number += 1
            let line = data[start..<end]
            if line.contains(where: { $0 > 0x20 }) {
                let name = "line \(number) of '\(path)'"
                do throws(RuntimeError) {
                    records.append(try RuntimeError.wrapping { try JSONValue(Data(line), name: name) })
                } catch {
                    guard log.skips else { throw error }
                    broken[records.count] = error
                    records.append(.null)
                }
            }
            start = end < data.endIndex ? end + 1 : end
        }
        return (records, broken)
    }
}

extension Experiment.Dataset {
    /// The records that ``conditions`` choose, without those that ``offset`` skips and ``limit`` leaves out.
    ///
    /// - Parameter hint: what a record of the format is, for a file that holds something else.
    func records(hint: String, _ log: ReadingLog) throws(RuntimeError) -> [CaseRecord] {
        Array(try range(of: RecordFile(path, hint: hint, log).records(where: conditions, log)))
    }

    /// What ``offset`` and ``limit`` leave of all cases.
    ///
    /// - Throws: `file` where nothing is left.
    func range<Case>(of cases: [Case]) throws(RuntimeError) -> ArraySlice<Case> {
        guard offset < cases.count else {
            throw RuntimeError(
                .file, "the dataset '\(path)' has \(cases.count) cases, so none is left after offset \(offset)",
                hint: "use a smaller dataset.offset")
        }
        return cases[offset..<(limit.map { min(cases.count, offset.saturatingAdd($0)) } ?? cases.count)]
    }
}

extension Int {
    fileprivate func saturatingAdd(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
