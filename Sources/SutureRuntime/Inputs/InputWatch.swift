// SPDX-License-Identifier: Apache-2.0

/// Notices when something that a run reads is not any more what it was when the run was planned.
///
/// A look is cheap: only what the system says of the files is compared, and a file is digested again where that differs. So
/// there is a look before and after whatever reads an input, and nothing is kept that was computed from a changed one.
///
/// Used by one thread.
package final class InputWatch {
    /// Stamps by the key of the input.
    package typealias Stamps = [String: InputStamp]

    private let inputs: [(input: RunInput, digest: String)]
    /// Of inputs that have been digested, and equal what was planned.
    package private(set) var stamps: Stamps

    /// - Parameter stamps: what was seen when the inputs were digested; without, each is digested at the first look.
    package init(_ experiment: ResolvedExperiment, stamps: Stamps = [:]) {
        inputs = experiment.inputs.map { ($0, experiment.digest(of: $0) ?? "") }
        self.stamps = stamps
    }

    /// - Throws: a sentence that names the file and the setting, where one has changed or cannot be read.
    package func check() throws(RuntimeError) {
        for (input, digest) in inputs {
            let known = stamps[input.key]
            let now = try InputStamp(input)
            if let known, known.proves(now) { continue }
            // One that cannot be read any more has changed, too.
            guard let reading = try? InputReading(input), reading.digest == digest else {
                throw input.hasChanged(known.map { now.differences(from: $0) } ?? [])
            }
            stamps[input.key] = reading.stamp
        }
    }
}

/// Digests of inputs while runs are planned: each is read once, however many runs of a file share it.
final class InputReadings {
    private var readings: [RunInput: InputReading] = [:]

    /// Records what the inputs of an experiment are.
    ///
    /// - Returns: what the system says of their files.
    func record(in experiment: inout ResolvedExperiment) throws(RuntimeError) -> InputWatch.Stamps {
        experiment.digests = [:]
        var stamps: InputWatch.Stamps = [:]
        // Plugins were digested when they were loaded to be described.
        for input in experiment.inputs where input.form != .plugin {
            let reading = try reading(of: input)
            experiment.digests[input.setting] = reading.digest
            stamps[input.key] = reading.stamp
        }
        return stamps
    }

    private func reading(of input: RunInput) throws(RuntimeError) -> InputReading {
        // The setting names it in sentences, and does not decide about what it is.
        var key = input
        key.setting = ""
        if let known = readings[key] { return known }
        let reading = try InputReading(input)
        readings[key] = reading
        return reading
    }
}
