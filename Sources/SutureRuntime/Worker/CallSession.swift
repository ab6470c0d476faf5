// SPDX-License-Identifier: Apache-2.0

import CSuture
import CSutureHost
import SutureKit

/// The session of a ``CallJob``: it has no model, and collects what the component hands out.
final class CallSession {
    let seed: Int
    let link: WorkerLink
    var result = CallJob.Result()
    /// The stage as a C text, for as long as the session.
    private let stage: UnsafePointer<CChar>
    private let arena = CArena()
    private var stored: [String: Tensor] = [:]

    init(seed: Int, stage: String, link: WorkerLink) {
        self.seed = seed
        self.stage = arena.string(stage)
        self.link = link
    }

    /// Valid as long as the session.
    var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    private static func at(_ handle: OpaquePointer) -> CallSession {
        Unmanaged<CallSession>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    /// Registers the table that speaks to sessions of this type.
    static func register() { HostTables.register(id: SUTURE_SESSION_ID, table: UnsafeRawPointer(table)) }

    // Written once, never changed or freed.
    private nonisolated(unsafe) static let table: UnsafePointer<suture_session_api> = {
        let table = UnsafeMutablePointer<suture_session_api>.allocate(capacity: 1)
        table.initialize(
            to: suture_session_api(
                struct_size: MemoryLayout<suture_session_api>.size, model: model, original: model,
                seed: { Int64(at($0).seed) }, stage: { at($0).stage }, progress: progress,
                emit_location: emitLocation, emit_delta: emitDelta, emit_score: emitScore, emit_metric: emitMetric,
                second_moments: secondMoments, store_get: storeGet, store_put: storePut,
                emit_mark: emitMark, carried: storeGet, carry: storePut, report: report, call: call))
        return UnsafePointer(table)
    }()

    /// There is no model table either, so what is done with this handle fails with a sentence.
    private static let model: @convention(c) (OpaquePointer) -> OpaquePointer = { $0 }

    private static let progress: @convention(c) (OpaquePointer, UnsafePointer<CChar>, Int64, Int64) -> OpaquePointer? =
        {
            handle, phase, done, total in
            Host.returningError {
                let link = at(handle).link
                link.phase(String(cString: phase), Int(done), of: Int(total))
                if link.isCancelled { throw SutureError(.cancelled, "the run was interrupted") }
            }
        }

    private static let emitLocation: @convention(c) (OpaquePointer, UnsafePointer<suture_location>) -> OpaquePointer? =
        { handle, location in
            Host.returningError {
                guard let location = Location(location) else {
                    throw SutureError(.invalidArgument, "a location has a site or a layer that does not exist")
                }
                at(handle).result.locations.append(CallJob.Place(location))
            }
        }

    private static let emitDelta: @convention(c) (OpaquePointer, UnsafePointer<suture_delta>) -> OpaquePointer? = {
        handle, delta in
        Host.returningError { at(handle).result.changes.append(try CallJob.Change(try Delta(delta))) }
    }

    private static let emitScore: @convention(c) (OpaquePointer, UnsafePointer<suture_score>) -> OpaquePointer? = {
        handle, score in
        suture_host_note_activity()
        at(handle).result.scores.append(CallJob.Number(Score(score)))
        return nil
    }

    private static let emitMetric: @convention(c) (OpaquePointer, UnsafePointer<suture_metric>) -> OpaquePointer? = {
        handle, metric in
        suture_host_note_activity()
        at(handle).result.metrics.append(CallJob.Figure(Metric(metric)))
        return nil
    }

    private static let emitMark: @convention(c) (OpaquePointer, UnsafePointer<suture_mark>) -> OpaquePointer? = {
        handle, mark in
        suture_host_note_activity()
        at(handle).result.marks.append(CallJob.Span(Mark(mark)))
        return nil
    }

    private static let report:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, UnsafePointer<UnsafePointer<suture_delta>>?, Int64
        ) -> OpaquePointer? = { _, _, _, _ in nil }

    private static let call:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, UnsafePointer<suture_call>, UnsafePointer<suture_sink>
        ) -> OpaquePointer? = { _, slot, _, _ in
            Host.make(
                SutureError(
                    .failedPrecondition, "this call has no component in the setting \"\(String(cString: slot))\""))
        }

    private static let secondMoments:
        @convention(c) (
            OpaquePointer, Int32, UnsafePointer<Int32>, Int64, UnsafeMutablePointer<OpaquePointer?>,
            UnsafeMutablePointer<Int64>
        ) -> OpaquePointer? = { _, _, _, _, _, _ in
            Host.make(SutureError(.failedPrecondition, "this call has no model, so it has no statistics"))
        }

    private static let storeGet:
        @convention(c) (OpaquePointer, UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer? =
            { handle, key, out in
                Host.returningError { out.pointee = try at(handle).stored[String(cString: key)]?.retainedHandle() }
            }

    private static let storePut: @convention(c) (OpaquePointer, UnsafePointer<CChar>, OpaquePointer) -> OpaquePointer? =
        {
            handle, key, tensor in
            Host.returningError { at(handle).stored[String(cString: key)] = try Tensor(borrowing: tensor) }
        }
}
