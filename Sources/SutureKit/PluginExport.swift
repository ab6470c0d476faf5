// SPDX-License-Identifier: Apache-2.0

import CSuture

/// A plugin: the components that one shared library offers. One per library.
///
///     import CSuture
///     import SutureKit
///
///     let plugin = PluginExport(id: "org.example.shrink", version: "1.0.0", components: [Shrink.self])
///
///     @c @implementation
///     public func suture_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<suture_plugin>? {
///         plugin.entry(hostMajor: major)
///     }
public final class PluginExport: Sendable {
    /// A component type with its C description.
    struct Entry {
        let type: any Component.Type
        let c: UnsafePointer<suture_component>
        let kind: Int32
        let id: String
    }

    /// What the C callbacks see: they have no context, and an image has one plugin.
    struct Registry {
        var entries: [Entry]
        let table: UnsafePointer<suture_plugin>
        let locator: UnsafePointer<suture_locator>
        let patcher: UnsafePointer<suture_patcher>
        let evaluator: UnsafePointer<suture_evaluator>
        let annotator: UnsafePointer<suture_annotator>
    }

    // Written once by the initialiser of the image's one PluginExport, a global that Swift initialises once and before
    // the entry returns; never changed after. The arena behind it is never dropped.
    nonisolated(unsafe) static var registry: Registry?
    nonisolated(unsafe) private static let arena = CArena()

    /// - Parameter components: types that conform to ``Locator``, ``Patcher``, ``Evaluator`` or ``Annotator``.
    public init(id: String, version: String, components: [any Component.Type]) {
        let arena = PluginExport.arena
        let table = suture_plugin(
            struct_size: MemoryLayout<suture_plugin>.size, abi_major: SUTURE_ABI_MAJOR, abi_minor: SUTURE_ABI_MINOR,
            id: arena.string(id), version: arena.string(version), start: Callbacks.start, stop: Callbacks.stop,
            component_count: Callbacks.componentCount, component_at: Callbacks.componentAt,
            create: Callbacks.create, destroy: Callbacks.destroy, get_extension: Callbacks.getExtension)
        PluginExport.registry = Registry(
            entries: components.compactMap(PluginExport.entry), table: arena.value(table),
            locator: arena.value(
                suture_locator(struct_size: MemoryLayout<suture_locator>.size, locate: Callbacks.locate)),
            patcher: arena.value(
                suture_patcher(struct_size: MemoryLayout<suture_patcher>.size, patch: Callbacks.patch)),
            evaluator: arena.value(
                suture_evaluator(
                    struct_size: MemoryLayout<suture_evaluator>.size, evaluate: Callbacks.evaluate,
                    summarize: Callbacks.summarize)),
            annotator: arena.value(
                suture_annotator(struct_size: MemoryLayout<suture_annotator>.size, annotate: Callbacks.annotate)))
    }

    /// The result of `suture_plugin_entry`: NULL for a host of another major.
    public func entry(hostMajor: UInt32) -> UnsafePointer<suture_plugin>? {
        hostMajor == SUTURE_ABI_MAJOR ? PluginExport.registry?.table : nil
    }

    private static func entry(_ type: any Component.Type) -> Entry? {
        let kind: Int32
        switch type {
        case is any Locator.Type: kind = SUTURE_KIND_LOCATOR
        case is any Patcher.Type: kind = SUTURE_KIND_PATCHER
        case is any Evaluator.Type: kind = SUTURE_KIND_EVALUATOR
        case is any Annotator.Type: kind = SUTURE_KIND_ANNOTATOR
        default: return nil
        }
        let descriptor = type.descriptor
        let declarations = parameters(of: type.init()).map { $0.declaration.c(in: arena) }
        let c = suture_component(
            struct_size: MemoryLayout<suture_component>.size, id: arena.string(descriptor.id), kind: kind,
            convention: SUTURE_CONVENTION_BOXED, version: arena.string(descriptor.version),
            summary: arena.string(descriptor.summary), required_fields: descriptor.requires.rawValue,
            parameter_count: Int64(declarations.count), parameters: arena.array(declarations), entry: nil,
            signature: nil)
        return Entry(type: type, c: arena.value(c), kind: kind, id: descriptor.id)
    }
}

/// An instance on its way through C.
private final class Box {
    let component: any Component
    init(_ component: any Component) { self.component = component }

    static func component<Kind>(_ instance: OpaquePointer, _: Kind.Type) throws -> Kind {
        let box = Unmanaged<Box>.fromOpaque(UnsafeRawPointer(instance)).takeUnretainedValue()
        guard let component = box.component as? Kind else {
            throw SutureError(
                .invalidArgument, "\(type(of: box.component).descriptor.id) was called as another kind of component")
        }
        return component
    }
}

/// The functions of the plugin's tables. Each turns errors into values; none captures anything.
private enum Callbacks {
    static let start: @convention(c) (UnsafePointer<suture_host>) -> OpaquePointer? = { host in
        do {
            try Host.install(host)
            return nil
        } catch {
            let context = host.pointee.context
            let failure = SutureError(error)
            return host.pointee.error_new(context, failure.code.rawValue, failure.message, failure.hint)
        }
    }

    // The tables stay: other images of this process may still hold tensors of ours.
    static let stop: @convention(c) () -> Void = {}

    static let componentCount: @convention(c) () -> Int64 = { Int64(PluginExport.registry?.entries.count ?? 0) }

    static let componentAt: @convention(c) (Int64) -> UnsafePointer<suture_component>? = { index in
        guard let entries = PluginExport.registry?.entries, entries.indices.contains(Int(index)) else { return nil }
        return entries[Int(index)].c
    }

    static let create:
        @convention(c) (
            UnsafePointer<CChar>, Int32, UnsafePointer<suture_arguments>, UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer? = { id, kind, arguments, out in
            Host.returningError {
                let id = String(cString: id)
                guard let entry = PluginExport.registry?.entries.first(where: { $0.id == id && $0.kind == kind })
                else {
                    throw SutureError(.notFound, "this plugin has no component \"\(id)\" of that kind")
                }
                let component = entry.type.init()
                try assign(arguments, to: parameters(of: component), of: id)
                try component.validate()
                out.pointee = OpaquePointer(Unmanaged.passRetained(Box(component)).toOpaque())
            }
        }

    private static func assign(
        _ arguments: UnsafePointer<suture_arguments>, to parameters: [any AnyParameter], of id: String
    ) throws(SutureError) {
        guard arguments.pointee.count == Int64(parameters.count), let items = arguments.pointee.items else {
            if parameters.isEmpty { return }
            throw SutureError(
                .invalidArgument,
                "\(id) takes \(parameters.count) arguments, \(arguments.pointee.count) were given")
        }
        for (i, parameter) in parameters.enumerated() {
            do {
                try parameter.set(items[i])
            } catch {
                throw SutureError(error.code, "\(id): \(error.message)", hint: error.hint)
            }
        }
    }

    static let destroy: @convention(c) (OpaquePointer) -> Void = { instance in
        Unmanaged<Box>.fromOpaque(UnsafeRawPointer(instance)).release()
    }

    static let getExtension: @convention(c) (UnsafePointer<CChar>) -> UnsafeRawPointer? = { id in
        guard let registry = PluginExport.registry else { return nil }
        switch String(cString: id) {
        case SUTURE_LOCATOR_ID: return UnsafeRawPointer(registry.locator)
        case SUTURE_PATCHER_ID: return UnsafeRawPointer(registry.patcher)
        case SUTURE_EVALUATOR_ID: return UnsafeRawPointer(registry.evaluator)
        case SUTURE_ANNOTATOR_ID: return UnsafeRawPointer(registry.annotator)
        default: return nil
        }
    }

    static let locate: @convention(c) (OpaquePointer, OpaquePointer, UnsafePointer<suture_cases>) -> OpaquePointer? = {
        instance, session, cases in
        Host.returningError {
            let locator = try Box.component(instance, (any Locator).self)
            let session = Session(borrowing: session)
            for location in try locator.locate([EditCase](cases), in: session) { try session.emit(location) }
        }
    }

    static let patch:
        @convention(c) (
            OpaquePointer, OpaquePointer, UnsafePointer<suture_cases>, UnsafePointer<suture_locations>
        ) -> OpaquePointer? = { instance, session, cases, locations in
            Host.returningError {
                let patcher = try Box.component(instance, (any Patcher).self)
                let session = Session(borrowing: session)
                let patch = try patcher.patch([EditCase](cases), at: [Location](locations), in: session)
                for delta in patch.deltas { try session.emit(delta) }
            }
        }

    static let evaluate: @convention(c) (OpaquePointer, OpaquePointer, UnsafePointer<suture_cases>) -> OpaquePointer? =
        {
            instance, session, cases in
            Host.returningError {
                let evaluator = try Box.component(instance, (any Evaluator).self)
                let session = Session(borrowing: session)
                for score in try evaluator.evaluate([EditCase](cases), in: session) { try session.emit(score) }
            }
        }

    static let summarize:
        @convention(c) (OpaquePointer, OpaquePointer, UnsafePointer<suture_scores>) -> OpaquePointer? = {
            instance, session, scores in
            Host.returningError {
                let evaluator = try Box.component(instance, (any Evaluator).self)
                let session = Session(borrowing: session)
                for metric in try evaluator.summarize([Score](scores)) { try session.emit(metric) }
            }
        }

    static let annotate: @convention(c) (OpaquePointer, OpaquePointer, UnsafePointer<suture_texts>) -> OpaquePointer? =
        {
            instance, session, texts in
            Host.returningError {
                let annotator = try Box.component(instance, (any Annotator).self)
                let session = Session(borrowing: session)
                let marks = try annotator.annotate([MarkedText](texts), in: session)
                for (text, ranges) in marks.enumerated() {
                    for bytes in ranges { try session.emit(Mark(text: text, bytes: bytes)) }
                }
            }
        }
}
