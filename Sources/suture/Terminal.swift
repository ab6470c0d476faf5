// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel
import SutureRuntime

/// Output for people. stdout carries the answer, and stderr says what happens meanwhile.
enum Terminal {
    static let isInteractive = isatty(STDERR_FILENO) == 1

    /// Prints a sentence as one clean line.
    static func printError(_ message: String, prefix: String = "suture: ") {
        StandardStream.remark("\(prefix)\(DisplayText.sentence(message))\n")
    }

    /// Prints lines of help, or what a plugin has said.
    static func printRemarks(_ text: String, prefix: String = "") {
        StandardStream.remark("\(prefix)\(DisplayText.visible(text, keepsLines: true))\n")
    }

    /// Prints a line, or lines, of an answer. Whatever names, paths and texts are in it do nothing to the terminal.
    static func print(_ text: String = "") throws(RuntimeError) {
        try StandardStream.answer(DisplayText.visible(text, keepsLines: true) + "\n")
    }

    /// Prints a table that fits the terminal.
    static func print(_ table: TextTable) throws(RuntimeError) { try print(table.text(width: width)) }

    /// Prints text that is itself the answer, such as what a model wrote. To a file or a pipe it goes as it is.
    static func print(foreign text: String) throws(RuntimeError) {
        guard isatty(STDOUT_FILENO) == 1 else { return try StandardStream.answer(text + "\n") }
        try print(text)
    }

    /// Prints a value as JSON with sorted keys. What would do something to a terminal is escaped.
    static func printJSON(_ value: some Encodable) throws {
        let text = String(decoding: try JSON.encode(value, layout: .page), as: UTF8.self)
        try StandardStream.answer(DisplayText.escapedInJSON(text) + "\n")
    }

    /// The width of the terminal in columns; no limit where output goes to a file or a pipe.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return .max }
        return Int(size.ws_col)
    }
}

extension Terminal {
    /// What the user should know before runs begin. Runs that share their data say it once.
    static func printNotes(of runs: [RunLauncher.PlannedRun]) {
        var said: Set<String> = []
        for note in runs.flatMap(\.notes) where said.insert(note).inserted { printError(note, prefix: "note: ") }
        for warning in runs.flatMap(\.warnings) where said.insert(warning).inserted {
            printError(warning, prefix: "warning: ")
        }
    }
}

/// A line on stderr that shows how far a run is, with the rate and the time left. It shows nothing where there is no
/// terminal.
final class ProgressLine {
    private var phase = ""
    private var started = ContinuousClock.now
    private var lastDrawn = ContinuousClock.now
    private var isShown = false
    /// The name of the run, where there are several.
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
        StandardStream.remark("\r\u{1B}[2K\(DisplayText.visible(text))")
        isShown = true
    }

    /// Shows how far a worker is, and its warnings on lines of their own.
    func show(_ event: WorkerEvent) {
        switch event {
        case .phase(let name, let done, let total): update(name, done: done, total: total)
        case .log(let level, let message) where level >= 2:
            clear()
            Terminal.printRemarks(message, prefix: level >= 3 ? "error: " : "warning: ")
        default: break
        }
    }

    func clear() {
        guard isShown else { return }
        StandardStream.remark("\r\u{1B}[2K")
        isShown = false
    }
}
