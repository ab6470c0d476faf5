// SPDX-License-Identifier: Apache-2.0

import CForeign
import CSuture
import SutureKit
import TorchBackend

/// A component with its arguments, ready to be called. Lives in a worker process, on one thread at a time.
///
/// Every call is announced to the host process first, and an exception or an error that comes out of the plugin is thrown
/// here.
package final class LoadedComponent {
    package let description: ComponentDescription
    /// One checked value per declared parameter, in declaration order.
    package let arguments: [ArgumentValue]
    /// The components among its settings, by parameter name.
    package let slots: [String: LoadedComponent]
    private let library: PluginLibrary
    private let form: Form
    /// Holds what the arguments of a native component point to.
    private let arena = CArena()

    private enum Form {
        case boxed(OpaquePointer)
        case native(NativeEntry, arguments: [suture_foreign_value])
    }

    /// Loads and starts the library where that has not happened yet, and makes the instance.
    ///
    /// ``HostTables/install()`` comes first.
    ///
    /// - Parameters:
    ///   - arguments: one checked value per declared parameter, in declaration order.
    ///   - slots: the components among them, by parameter name.
    /// - Throws: `plugin` when the library or the component cannot be used, `usage` when the component refuses its arguments.
    package init(
        _ description: ComponentDescription, arguments: [ArgumentValue], slots: [String: LoadedComponent] = [:]
    ) throws(RuntimeError) {
        self.description = description
        self.arguments = arguments
        self.slots = slots
        library = try PluginLibrary.load(description.file, digest: description.digest)
        guard let component = try library.component(description.kind, description.id) else {
            throw RuntimeError(
                .plugin, "\(description.file) no longer has the \(description.kind.name) \"\(description.id)\"",
                hint: "the file has changed since it was looked at; run again")
        }
        guard arguments.count == description.parameters.count else {
            throw RuntimeError(
                .usage,
                "\(description.id) takes \(description.parameters.count) arguments, \(arguments.count) were given")
        }
        try library.start()
        form =
            description.isNative
            ? try Self.native(description, component, arguments, arena)
            : .boxed(try Self.boxed(description, library, arguments))
    }

    deinit {
        guard case .boxed(let instance) = form else { return }
        let link = WorkerLink.current
        link?.enter(
            PluginCall(
                file: description.file, operation: "destroy", kind: description.kind, component: description.id))
        defer { link?.leave() }
        // An exception out of destroy concerns nobody any more: the results are out.
        suture_foreign_failure_release(suture_guarded_destroy(library.plugin, instance))
    }

    /// Performs an operation of the component's kind.
    ///
    /// A native component performs the first operation of its kind. A native evaluator's scores are summarized here: its
    /// metrics are their means.
    ///
    /// - Parameters:
    ///   - call: what is asked; it names the model.
    ///   - session: the `suture_session` of this call.
    ///   - results: receives what the component hands out, and refuses what it may not hand out.
    package func perform(
        _ call: ComponentCall, session: OpaquePointer, results: ComponentResults
    ) throws(RuntimeError) {
        precondition(call.operation.kind == description.kind, "\(description.id) asked to \(call.operation.name)")
        if description.isNative, call.operation == .summarize {
            results.add(Self.means(of: call.scores))
            return
        }
        // Nor is there a way for it to be fitted.
        if description.isNative, call.operation == .fit { return }
        // Values of this call. They outlive it by the guard's end at least.
        let values = CArena()
        defer { withExtendedLifetime((values, results, call)) {} }
        let c = call.c(in: values)
        let sink = values.value(results.sink)
        try guarded(pluginCall(call)) { out in
            switch form {
            case .boxed(let instance):
                return suture_guarded_call(library.plugin, instance, session, c, sink, out)
            case .native(let entry, let arguments):
                let fixed: [suture_foreign_value] = [
                    .pointer(HostTables.host), .pointer(UnsafeRawPointer(session)), .pointer(c), .pointer(sink),
                ]
                var result = suture_foreign_value()
                let failure = (fixed + arguments).withUnsafeBufferPointer {
                    suture_foreign_call(
                        entry.signature.handle, entry.function, $0.baseAddress, Int64($0.count), &result)
                }
                // The signature says that the result is an error (NativeEntry compares it).
                out.pointee = failure == nil ? result.pointer.map { OpaquePointer($0) } : nil
                return failure
            }
        }
        guard torch_backend_exports_are_unchanged() != 0 else { throw pluginCall(call).changedModel() }
        // A component that did not hand on what the sink refused would lose its results without a word.
        if let refusal = results.refusal { throw pluginCall(call).failed(refusal) }
    }

    private func pluginCall(_ call: ComponentCall) -> PluginCall {
        PluginCall(
            file: description.file, operation: call.operation.name, kind: description.kind, component: description.id,
            firstCase: call.cases.first?.id, caseCount: call.cases.count)
    }

    // MARK: Making

    private static func boxed(
        _ description: ComponentDescription, _ library: PluginLibrary, _ arguments: [ArgumentValue]
    ) throws(RuntimeError) -> OpaquePointer {
        if let missing = library.table.firstMissing(of: ["create", "destroy", "call"]) {
            throw RuntimeError(
                .plugin, "\(library.file) declares \"\(description.id)\" and has no suture_plugin.\(missing)",
                hint: "set the field")
        }
        let arena = CArena()
        defer { withExtendedLifetime(arena) {} }
        var items: [UnsafePointer<suture_argument>] = []
        for (value, parameter) in zip(arguments, description.parameters) {
            guard let argument = value.argument(for: parameter) else { throw mismatch(description, parameter) }
            items.append(argument.c(parameter.name, parameter.kind, in: arena))
        }
        let c = arena.make(suture_arguments.self) {
            $0.count = Int64(items.count)
            $0.items = arena.array(items)
        }
        var instance: OpaquePointer?
        let call = PluginCall(
            file: description.file, operation: "create", kind: description.kind, component: description.id)
        try guarded(call) {
            suture_guarded_create(library.plugin, description.id, description.kind.rawValue, c, &instance, $0)
        }
        guard let instance else {
            throw RuntimeError(
                .plugin, "\(call.callee) returned no error and no instance from create",
                hint: "report this to its author")
        }
        return instance
    }

    private static func native(
        _ description: ComponentDescription, _ component: Foreign<suture_component>,
        _ arguments: [ArgumentValue], _ arena: CArena
    ) throws(RuntimeError) -> Form {
        let entry: NativeEntry
        do {
            entry = try NativeEntry(component, parameters: description.parameters)
        } catch {
            throw RuntimeError(
                .plugin, "\(description.file): the \(description.kind.name) \"\(description.id)\": \(error.message)",
                hint: "report this to its author")
        }
        var values: [suture_foreign_value] = []
        for (value, parameter) in zip(arguments, description.parameters) {
            guard let value = value.foreign(for: parameter, in: arena) else { throw mismatch(description, parameter) }
            values.append(value)
        }
        return .native(entry, arguments: values)
    }

    private static func mismatch(
        _ description: ComponentDescription, _ parameter: ParameterDeclaration
    ) -> RuntimeError {
        RuntimeError(.usage, "\(description.id): \(parameter.name) must be \(parameter.kind.phrase)")
    }

    /// The mean of each score, in the order in which the names appear first.
    private static func means(of scores: [Score]) -> [Metric] {
        var names: [String] = []
        for score in scores where !names.contains(score.name) { names.append(score.name) }
        return names.compactMap {
            Metric.mean(of: $0, in: scores, unit: "", direction: .none, protocol: "native")
        }
    }
}
