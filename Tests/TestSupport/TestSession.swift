// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit
import SutureModel

/// A session without a run behind it: what a component asks for is what the test put in. One thread at a time.
public final class TestSession: @unchecked Sendable {
    /// As it lies on disk.
    public let original: LanguageModel
    /// With the patches in force.
    public private(set) var edited: LanguageModel
    private let originalHandle: OpaquePointer
    private var editedHandle: OpaquePointer
    public var seed = 0
    public var stage = ""
    /// What ``Session/secondMoments(of:layers:)`` returns for a layer.
    public var secondMoment: (Site.Kind, Int) throws -> SecondMoment = { _, _ in
        throw SutureError(.failedPrecondition, "the test gave no second moments")
    }
    /// What a component kept.
    public var store: [String: Tensor] = [:]
    /// Steps after which the run is cancelled; nil: never.
    public var stepsLeft: Int?
    /// Names of the phases, in the order of their beginning.
    public private(set) var phases: [String] = []

    public init(_ model: LanguageModel) {
        original = model
        edited = model
        originalHandle = ModelTable.handle(model)
        editedHandle = ModelTable.handle(model)
    }

    deinit {
        ModelTable.release(originalHandle)
        ModelTable.release(editedHandle)
    }

    /// The model to measure, as a component sees it.
    public var model: Model { get throws { try Model(borrowing: editedHandle) } }

    /// Puts a patch in force, upon those that are.
    public func apply(_ patch: Patch) throws {
        edited = try edited.applying(patch.deltas)
        ModelTable.release(editedHandle)
        editedHandle = ModelTable.handle(edited)
    }

    /// The session, valid as long as this object.
    public var session: Session { Session(borrowing: OpaquePointer(Unmanaged.passUnretained(self).toOpaque())) }

    private static func of(_ handle: OpaquePointer) -> TestSession {
        Unmanaged<TestSession>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    // Written once by Swift's own initialisation, never changed, never freed.
    nonisolated(unsafe) static let table: UnsafePointer<suture_session_api> = {
        let table = UnsafeMutablePointer<suture_session_api>.allocate(capacity: 1)
        table.initialize(
            to: suture_session_api(
                struct_size: MemoryLayout<suture_session_api>.size,
                model: { TestSession.of($0).editedHandle },
                original: { TestSession.of($0).originalHandle },
                seed: { Int64(TestSession.of($0).seed) },
                stage: { stage(TestSession.of($0)) },
                progress: { handle, phase, _, _ in
                    Host.returningError { try TestSession.of(handle).progress(String(cString: phase)) }
                },
                emit_location: { _, _ in nil }, emit_delta: { _, _ in nil }, emit_score: { _, _ in nil },
                emit_metric: { _, _ in nil },
                second_moments: { handle, site, layers, count, out, tokens in
                    Host.returningError {
                        let kind = Site.Kind(rawValue: site) ?? .neurons
                        for i in 0..<Int(count) {
                            let moment = try TestSession.of(handle).secondMoment(kind, Int(layers[i]))
                            out[i] = try moment.matrix.retainedHandle()
                            tokens[i] = Int64(moment.tokenCount)
                        }
                    }
                },
                store_get: { handle, key, out in
                    Host.returningError {
                        out.pointee = try TestSession.of(handle).store[String(cString: key)]?.retainedHandle()
                    }
                },
                store_put: { handle, key, tensor in
                    Host.returningError {
                        TestSession.of(handle).store[String(cString: key)] = try Tensor(borrowing: tensor)
                    }
                }))
        return UnsafePointer(table)
    }()

    private func progress(_ phase: String) throws(SutureError) {
        if phases.last != phase { phases.append(phase) }
        guard let left = stepsLeft else { return }
        guard left > 0 else { throw SutureError(.cancelled, "the run was cancelled") }
        stepsLeft = left - 1
    }

    private static func stage(_ session: TestSession) -> UnsafePointer<CChar> {
        // Borrowed by the caller for a moment; static texts need no owner.
        switch session.stage {
        case "before": StaticTexts.before
        case "after": StaticTexts.after
        default: StaticTexts.empty
        }
    }
}

/// Texts that live as long as the process.
private enum StaticTexts {
    nonisolated(unsafe) static let before = text("before")
    nonisolated(unsafe) static let after = text("after")
    nonisolated(unsafe) static let empty = text("")

    private static func text(_ text: String) -> UnsafePointer<CChar> {
        let bytes = text.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        for (i, byte) in bytes.enumerated() { copy[i] = byte }
        return UnsafePointer(copy)
    }
}
