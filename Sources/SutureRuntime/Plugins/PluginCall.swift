// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A call into a plugin, so that a process that dies in it can be explained.
public struct PluginCall: Sendable, Hashable, Codable {
    /// The absolute path of the shared library.
    public var file: String
    /// "load", "start", "create", "destroy", or what a component is asked: "locate", "patch" …
    public var operation: String
    /// Nil while the library itself is loaded or started.
    public var kind: ComponentKind?
    /// The component that is called; empty while the library itself is.
    public var component: String
    /// The data set's name of the first case.
    public var firstCase: String?
    /// How many cases the call has.
    public var caseCount: Int

    /// A call of these values.
    public init(
        file: String, operation: String, kind: ComponentKind? = nil, component: String = "", firstCase: String? = nil,
        caseCount: Int = 0
    ) {
        self.file = file
        self.operation = operation
        self.kind = kind
        self.component = component
        self.firstCase = firstCase
        self.caseCount = caseCount
    }

    /// "the patcher \"memit\" of /plugins/libmemit.so", or the file alone.
    public var callee: String {
        guard let kind else { return file }
        return "the \(kind.name) \"\(component)\" of \(file)"
    }

    /// "patch (case \"1531\")", "patch (10 cases, the first is \"1531\")", "start".
    public var place: String {
        guard let firstCase else { return operation }
        return caseCount == 1
            ? "\(operation) (case \"\(firstCase)\")"
            : "\(operation) (\(caseCount) cases, the first is \"\(firstCase)\")"
    }

    /// The error for an exception that came out of the call.
    func threw(_ text: String) -> RuntimeError {
        RuntimeError(
            .plugin, "\(callee) let a C++ exception out of \(place): \(text)",
            hint: "a plugin must catch its exceptions and return an error; report this to its author")
    }

    /// The error for memory of the model that was changed where no page protects it. The process must not go on with it.
    func changedModel() -> RuntimeError {
        RuntimeError(
            .plugin, "\(callee) changed a weight of the model in \(place), by an address that it got through DLPack",
            hint:
                "what comes out of a model is read-only: clone() it and change the copy; run again, which begins with the model "
                + "as it is on disk; report this to its author")
    }

    /// The error for a pointer that the plugin returned and that is not an error.
    func returnedNoError() -> RuntimeError {
        RuntimeError(
            .plugin, "\(callee) returned from \(place) a pointer that is not an error of the host",
            hint:
                "a plugin returns NULL or what suture_host.error_new made, and each error once; report this to its author"
        )
    }

    /// The error for an error that the plugin returned.
    func failed(_ error: SutureError) -> RuntimeError {
        if error.code == .cancelled { return RuntimeError(.interrupted, error.message, hint: error.hint) }
        let name = kind == nil ? file : component
        let family = operation == "create" ? Self.family(ofRefusal: error.code) : .run
        // Said once: "rome: …", or "rome has …" where the component begins with its own name.
        let isNamed = error.message.hasPrefix("\(name): ") || error.message.hasPrefix("\(name) ")
        let message = isNamed ? error.message : "\(name): \(error.message)"
        return RuntimeError(family, message, hint: error.hint)
    }

    /// Settings that a component refuses are the experiment's fault, and so are files that they name and that are not what the
    /// component takes.
    private static func family(ofRefusal code: SutureError.Code) -> RuntimeError.Kind {
        switch code {
        case .invalidArgument, .outOfRange, .notFound, .alreadyExists, .failedPrecondition: .usage
        case .dataLoss: .file
        default: .run
        }
    }
}
