// SPDX-License-Identifier: Apache-2.0

import CForeign
import CSuture
import SutureKit

/// A component with its arguments, ready to be called. Lives in a worker process, on one thread at a time.
///
/// A session handle (`suture_session *`) is made by who calls; results go out through its table. Every call is announced to
/// the host process first, and an exception or an error that comes out of the plugin is thrown here.
package final class LoadedComponent {
    package let description: ComponentDescription
    private let library: PluginLibrary
    private let form: Form
    /// The components among its settings, by parameter name.
    package let slots: [String: LoadedComponent]
    /// Holds what the arguments of a native component point to.
    private let arena = CArena()

    private enum Form {
        case locator(UnsafePointer<suture_locator>, instance: OpaquePointer)
        case patcher(UnsafePointer<suture_patcher>, instance: OpaquePointer)
        case evaluator(UnsafePointer<suture_evaluator>, instance: OpaquePointer)
        case annotator(UnsafePointer<suture_annotator>, instance: OpaquePointer)
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
        self.slots = slots
        let component: ForeignStruct<suture_component>?
        do {
            library = try PluginLibrary.load(description.file)
            component = try library.component(description.kind, description.id)
        } catch {
            throw error.error
        }
        guard let component else {
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
            : try Self.boxed(description, library, arguments)
    }

    deinit {
        let instance: OpaquePointer
        switch form {
        case .locator(_, let made), .patcher(_, let made), .evaluator(_, let made), .annotator(_, let made):
            instance = made
        case .native: return
        }
        guard ForeignStruct(library.plugin).pointer(\.destroy) != nil else { return }
        // An exception out of destroy concerns nobody any more: the results are out.
        suture_foreign_failure_release(suture_guarded_destroy(library.plugin, instance))
    }

    // MARK: Calls

    /// Locators: measures; locations go to the session.
    package func locate(_ cases: [EditCase], session: OpaquePointer) throws(RuntimeError) {
        try call("locate", cases, [], session) { arena, out in
            guard case .locator(let table, let instance) = form else { return nil }
            return suture_guarded_locate(table, instance, session, cases.c(in: arena), out)
        }
    }

    /// Patchers: computes the changes; deltas go to the session.
    package func patch(
        _ cases: [EditCase], at locations: [Location], session: OpaquePointer
    ) throws(RuntimeError) {
        try call("patch", cases, locations, session) { arena, out in
            guard case .patcher(let table, let instance) = form else { return nil }
            return suture_guarded_patch(
                table, instance, session, cases.c(in: arena), locations.c(in: arena), out)
        }
    }

    /// Evaluators: measures the session's model; scores go to the session.
    package func evaluate(_ cases: [EditCase], session: OpaquePointer) throws(RuntimeError) {
        try call("evaluate", cases, [], session) { arena, out in
            guard case .evaluator(let table, let instance) = form else { return nil }
            return suture_guarded_evaluate(table, instance, session, cases.c(in: arena), out)
        }
    }

    /// Evaluators: turns the scores of a stage into metrics, which go to the session. A native evaluator has no such function:
    /// its metrics are the means of its scores, in the order in which their names appear first.
    package func summarize(_ scores: [Score], session: OpaquePointer) throws(RuntimeError) {
        require(.evaluator)
        let arena = CArena()
        if description.isNative {
            try emit(Self.means(of: scores), to: session, arena)
            return
        }
        try guarded(pluginCall("summarize", [])) { out in
            guard case .evaluator(let table, let instance) = form else { return nil }
            return suture_guarded_summarize(table, instance, session, scores.c(in: arena), out)
        }
        withExtendedLifetime(arena) {}
    }

    /// Annotators: says what is unwanted in texts; marks go to the session.
    package func annotate(_ texts: [MarkedText], session: OpaquePointer) throws(RuntimeError) {
        try call("annotate", texts: texts, session) { arena, out in
            guard case .annotator(let table, let instance) = form else { return nil }
            return suture_guarded_annotate(table, instance, session, texts.c(in: arena), out)
        }
    }

    // MARK: How

    private func call(
        _ operation: String, _ cases: [EditCase] = [], _ locations: [Location] = [], texts: [MarkedText] = [],
        _ session: OpaquePointer, boxed: (CArena, UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer?
    ) throws(RuntimeError) {
        let kinds: [String: ComponentKind] = ["locate": .locator, "patch": .patcher, "annotate": .annotator]
        require(kinds[operation] ?? .evaluator)
        // Values of this call. They outlive it by the guard's end at least.
        let values = CArena()
        defer { withExtendedLifetime(values) {} }
        try guarded(pluginCall(operation, cases)) { out in
            guard case .native(let entry, let arguments) = form else { return boxed(values, out) }
            let subject =
                description.kind == .annotator
                ? UnsafeRawPointer(texts.c(in: values)) : UnsafeRawPointer(cases.c(in: values))
            let fixed: [suture_foreign_value] = [
                .pointer(HostTables.host), .pointer(UnsafeRawPointer(session)), .pointer(subject),
                .pointer(locations.c(in: values)),
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

    private func pluginCall(_ operation: String, _ cases: [EditCase]) -> PluginCall {
        PluginCall(
            file: description.file, operation: operation, kind: description.kind, component: description.id,
            firstCase: cases.first?.id, caseCount: cases.count)
    }

    private func require(_ kind: ComponentKind) {
        precondition(description.kind == kind, "the \(description.kind.name) \(description.id) called as \(kind.name)")
    }

    private static func boxed(
        _ description: ComponentDescription, _ library: PluginLibrary, _ arguments: [ArgumentValue]
    ) throws(RuntimeError) -> Form {
        let table = ForeignStruct(library.plugin)
        for (field, name) in [(\suture_plugin.create, "create"), (\suture_plugin.destroy, "destroy")]
            as [(PartialKeyPath<suture_plugin>, String)]
        where table.pointer(field) == nil {
            throw RuntimeError(
                .plugin, "\(library.file) declares \"\(description.id)\" and has no suture_plugin.\(name)",
                hint: "set the field")
        }
        let arena = CArena()
        defer { withExtendedLifetime(arena) {} }
        var items: [UnsafePointer<suture_argument>] = []
        for (value, parameter) in zip(arguments, description.parameters) {
            guard let item = value.c(for: parameter, in: arena) else { throw mismatch(description, parameter) }
            items.append(item)
        }
        let c = arena.value(
            suture_arguments(
                struct_size: MemoryLayout<suture_arguments>.size, count: Int64(items.count), items: arena.array(items)))
        func make<Table>(
            _ id: String, _ type: Table.Type, _ fields: PartialKeyPath<Table>...
        ) throws(RuntimeError) -> (UnsafePointer<Table>, OpaquePointer) {
            let table = try library.table(id, type)
            guard fields.allSatisfy({ ForeignStruct(table).pointer($0) != nil }) else {
                throw RuntimeError(
                    .plugin, "the table \"\(id)\" of \(library.file) lacks a function", hint: "set the field")
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
            return (table, instance)
        }
        switch description.kind {
        case .locator:
            let (table, instance) = try make(SUTURE_LOCATOR_ID, suture_locator.self, \.locate)
            return .locator(table, instance: instance)
        case .patcher:
            let (table, instance) = try make(SUTURE_PATCHER_ID, suture_patcher.self, \.patch)
            return .patcher(table, instance: instance)
        case .evaluator:
            let (table, instance) = try make(SUTURE_EVALUATOR_ID, suture_evaluator.self, \.evaluate, \.summarize)
            return .evaluator(table, instance: instance)
        case .annotator:
            let (table, instance) = try make(SUTURE_ANNOTATOR_ID, suture_annotator.self, \.annotate)
            return .annotator(table, instance: instance)
        }
    }

    private static func native(
        _ description: ComponentDescription, _ component: ForeignStruct<suture_component>,
        _ arguments: [ArgumentValue], _ arena: CArena
    ) throws(RuntimeError) -> Form {
        let entry: NativeEntry
        do {
            entry = try NativeEntry(component, parameters: description.parameters)
        } catch {
            throw RuntimeError(
                .plugin, "\(description.file): the \(description.kind.name) \"\(description.id)\": \(error.text)",
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

    // MARK: Native evaluators

    private static func means(of scores: [Score]) -> [Metric] {
        var names: [String] = []
        for score in scores where !names.contains(score.name) { names.append(score.name) }
        return names.compactMap {
            Metric.mean(of: $0, in: scores, unit: "", direction: .none, protocol: "native")
        }
    }

    private func emit(_ metrics: [Metric], to session: OpaquePointer, _ arena: CArena) throws(RuntimeError) {
        guard let address = HostTables.table(id: SUTURE_SESSION_ID) else {
            throw RuntimeError(.run, "no table \"\(SUTURE_SESSION_ID)\" is registered")
        }
        let table = address.assumingMemoryBound(to: suture_session_api.self)
        for metric in metrics {
            if let error = table.pointee.emit_metric(session, metric.c(in: arena)) {
                throw RuntimeError(Host.take(error))
            }
        }
    }
}
