// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel
import SutureRuntime

/// Output for people: stdout carries the answer, stderr what happens meanwhile.
enum Terminal {
    static let isInteractive = isatty(STDERR_FILENO) == 1

    static func printError(_ message: String, prefix: String = "suture: ") {
        FileHandle.standardError.write(Data("\(prefix)\(message)\n".utf8))
    }

    /// Prints a value as JSON with sorted keys.
    static func printJSON(_ value: some Encodable) throws {
        print(String(decoding: try JSON.encode(value, layout: .page), as: UTF8.self))
    }

    /// The width of the terminal in columns; no limit where output goes to a file or a pipe.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return .max }
        return Int(size.ws_col)
    }
}

/// Rows under a header, columns padded. Long cells are cut so that a row fits the terminal.
struct TextTable {
    var header: [String]
    var rows: [[String]] = []
    /// Columns that hold numbers are aligned to the right.
    var numeric: Set<Int> = []

    func render(width: Int = Terminal.width) -> String {
        var widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        // The widest column gives way first.
        while widths.reduce(0, +) + 2 * (widths.count - 1) > width,
            let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > 12
        {
            widths[widest] -= 1
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { column, cell -> String in
                let text = cell.count > widths[column] ? String(cell.prefix(widths[column] - 1)) + "…" : cell
                let space = String(repeating: " ", count: widths[column] - text.count)
                return numeric.contains(column) ? space + text : text + space
            }
            var line = padded.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
        return ([line(header), rule] + rows.map(line)).joined(separator: "\n")
    }
}

/// A line on stderr that shows how far a run is, with rate and time left. Nothing where there is no terminal.
final class ProgressLine {
    private var phase = ""
    private var started = ContinuousClock.now
    private var lastDrawn = ContinuousClock.now
    private var isShown = false
    /// Of the run, where there are several.
    private let label: String

    init(label: String = "") { self.label = label }

    func update(_ phase: String, done: Int, total: Int) {
        guard Terminal.isInteractive else { return }
        let now = ContinuousClock.now
        if phase != self.phase {
            clear()
            self.phase = phase
            started = now
        } else if lastDrawn.duration(to: now) < .milliseconds(100), done < total {
            return
        }
        lastDrawn = now
        var text = label.isEmpty ? phase : "\(label): \(phase)"
        if total > 0 {
            let filled = 24 * min(done, total) / total
            text += "  " + String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
            text += " \(done)/\(total)"
            let seconds = started.duration(to: now) / .seconds(1)
            if done > 0, seconds > 1, done < total {
                let rate = Double(done) / seconds
                text += String(format: "  %.1f/s  %.0f s left", rate, Double(total - done) / rate)
            }
        }
        FileHandle.standardError.write(Data("\r\u{1B}[2K\(text)".utf8))
        isShown = true
    }

    func clear() {
        guard isShown else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[2K".utf8))
        isShown = false
    }
}
