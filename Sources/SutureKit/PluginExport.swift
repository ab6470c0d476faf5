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
        let entries: [Entry]
        let table: UnsafePointer<suture_plugin>
    }

    // Written once by the initialiser of the image's one PluginExport, a global that Swift initialises once and before
    // the entry returns; never changed after. The arena behind it is never dropped.
    nonisolated(unsafe) static var registry: Registry?
    nonisolated(unsafe) private static let arena = CArena()

    /// Declares the plugin of this image.
    ///
    /// - Parameter components: types that conform to the protocol of a kind.
    public init(id: String, version: String, components: [any Component.Type]) {
        let arena = PluginExport.arena
        let table = arena.make(suture_plugin.self) {
            $0.abi_major = SUTURE_ABI_MAJOR
            $0.abi_minor = SUTURE_ABI_MINOR
            $0.id = arena.string(id)
            $0.version = arena.string(version)
            $0.start = Callbacks.start
            $0.stop = Callbacks.stop
            $0.component_count = Callbacks.componentCount
            $0.component_at = Callbacks.componentAt
            $0.create = Callbacks.create
            $0.destroy = Callbacks.destroy
            $0.call = Callbacks.call
        }
        PluginExport.registry = Registry(
            entries: components.map(PluginExport.entry), table: table)
    }

    /// The result of `suture_plugin_entry`: NULL for a host of another major.
    public func entry(hostMajor: UInt32) -> UnsafePointer<suture_plugin>? {
        hostMajor == SUTURE_ABI_MAJOR ? PluginExport.registry?.table : nil
    }

    private static func entry(_ type: any Component.Type) -> Entry {
        let descriptor = type.descriptor
        let declarations = parameters(of: type.init()).map { $0.declaration.c(in: arena) }
        let c = arena.make(suture_component.self) {
            $0.id = arena.string(descriptor.id)
            $0.kind = type.kind.rawValue
            $0.convention = SUTURE_CONVENTION_BOXED
            $0.version = arena.string(descriptor.version)
            $0.summary = arena.string(descriptor.summary)
            $0.required_fields = descriptor.requires.rawValue
            $0.parameter_count = Int64(declarations.count)
            $0.parameters = arena.array(declarations)
        }
        return Entry(type: type, c: c, kind: type.kind.rawValue, id: descriptor.id)
    }
}

/// An instance on its way through C.
private final class Box {
    let component: any Component
    init(_ component: any Component) { self.component = component }

    static func component(_ instance: OpaquePointer) -> any Component {
        Unmanaged<Box>.fromOpaque(UnsafeRawPointer(instance)).takeUnretainedValue().component
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
        let items = try Foreign(arguments, in: "suture_plugin.create").elements
        guard items.count == parameters.count else {
            throw SutureError(
                .invalidArgument, "\(id) takes \(parameters.count) arguments, \(items.count) were given")
        }
        for (item, parameter) in zip(items, parameters) {
            do {
                try parameter.set(Argument(item))
            } catch {
                throw SutureError(error.code, "\(id): \(error.message)", hint: error.hint)
            }
        }
    }

    static let destroy: @convention(c) (OpaquePointer) -> Void = { instance in
        Unmanaged<Box>.fromOpaque(UnsafeRawPointer(instance)).release()
    }

    static let call:
        @convention(c) (
            OpaquePointer, OpaquePointer, UnsafePointer<suture_call>, UnsafePointer<suture_sink>
        ) -> OpaquePointer? = { instance, session, call, sink in
            Host.returningError {
                let component = Box.component(instance)
                let session = try Session(borrowing: session, call: call, sink: sink)
                let call = try session.componentCall()
                guard call.operation.kind == type(of: component).kind else {
                    throw SutureError(
                        .invalidArgument,
                        "\(type(of: component).descriptor.id) is \(type(of: component).kind.phrase) and was asked to "
                            + call.operation.name)
                }
                try component.perform(call, in: session)
            }
        }
}
