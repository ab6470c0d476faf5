// SPDX-License-Identifier: Apache-2.0

import CSuture
import Glibc
import SutureKit

let plugin = PluginExport(
    id: "fault.steps", version: "1.0.0", components: [Endless.self, Gate.self, Steps.self])

@c @implementation
public func suture_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<suture_plugin>? {
    plugin.entry(hostMajor: major)
}

/// Works in three steps and changes nothing.
struct Steps: Patcher {
    static let descriptor = ComponentDescriptor(id: "steps", summary: "Works in three steps.")

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        for step in 0..<3 { try session.progress("steps", step, of: 3) }
        return Patch()
    }
}

/// Works until it is cancelled, and says so at every step.
struct Endless: Patcher {
    static let descriptor = ComponentDescriptor(id: "endless", summary: "Works until it is cancelled.")

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        var step = 0
        while true {
            try session.progress("endless", step, of: 0)
            step += 1
        }
    }
}

/// Measures nothing. In one stage it writes the number of its process into a pipe with a name, and waits to be killed, or for a
/// byte from the pipe of that name with `.go`.
struct Gate: Evaluator {
    static let descriptor = ComponentDescriptor(id: "gate", summary: "Waits in a stage to be killed.")
    @Parameter("stage", help: "The stage.") var stage: String
    @Parameter("pipe", help: "The pipe; where there is none, the stage is passed.") var pipe: String

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        guard try session.stage == stage else { return [] }
        let descriptor = open(pipe, O_WRONLY)
        guard descriptor >= 0 else { return [] }
        let line = "\(getpid())\n"
        guard write(descriptor, line, line.utf8.count) == line.utf8.count else {
            throw SutureError(.internal, "the pipe took no line")
        }
        let answer = open(pipe + ".go", O_RDONLY)
        var byte: UInt8 = 0
        guard answer >= 0, read(answer, &byte, 1) == 1 else { while true { pause() } }
        return []
    }

    func summarize(_ scores: [Score]) throws -> [Metric] { [] }
}
