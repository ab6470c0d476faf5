// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit
import SutureModel

/// The session table of the ABI ("suture.session/1") over ``RunSession``.
package enum SessionTable {
    /// Lives as long as the process.
    package static var pointer: UnsafePointer<suture_session_api> { table }

    // Written once by Swift's own initialisation, never changed, never freed.
    nonisolated(unsafe) private static let table: UnsafePointer<suture_session_api> = {
        let table = UnsafeMutablePointer<suture_session_api>.allocate(capacity: 1)
        table.initialize(
            to: suture_session_api(
                struct_size: MemoryLayout<suture_session_api>.size, original: original, seed: seed,
                progress: progress, second_moments: secondMoments, store_get: storeGet, store_put: storePut,
                carried: carried, carry: carry, report: report, call: call,
                training_count: trainingCount, training_examples: trainingExamples, influence: influence,
                checkpoint: checkpoint))
        return UnsafePointer(table)
    }()

    private static func session(_ handle: OpaquePointer) -> RunSession {
        Unmanaged<RunSession>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    private static let original: @convention(c) (OpaquePointer) -> OpaquePointer = { session($0).originalHandle }
    private static let seed: @convention(c) (OpaquePointer) -> Int64 = { Int64(session($0).seed) }

    private static let progress: @convention(c) (OpaquePointer, UnsafePointer<CChar>, Int64, Int64) -> OpaquePointer? =
        {
            handle, phase, done, total in
            session(handle).serve {
                let phase = try foreignName(phase, "the phase of suture_session_api.progress")
                try session(handle).services.progress(phase, Int(done), Int(total))
            }
        }

    private static let secondMoments:
        @convention(c) (
            OpaquePointer, Int32, UnsafePointer<Int32>, Int64, UnsafeMutablePointer<OpaquePointer?>,
            UnsafeMutablePointer<Int64>
        ) -> OpaquePointer? = { handle, site, layers, count, out, tokens in
            session(handle).serve {
                guard let kind = Site.Kind(rawValue: site), kind.hasLayer else {
                    throw SutureError(.invalidArgument, "second moments need a site of a layer, got the code \(site)")
                }
                let layers = try foreignArray(layers, count, in: "suture_session_api.second_moments").map { Int($0) }
                let moments = try session(handle).services.secondMoments(kind, layers)
                for (i, moment) in moments.enumerated() {
                    tokens[i] = Int64(moment.tokenCount)
                    out[i] = try moment.matrix.sealedHandle(isLasting: true)
                }
            }
        }

    private static let storeGet:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer? = { handle, key, out in
            session(handle).serve {
                out.pointee = try session(handle).services.stored(String(cString: key))?.retainedHandle()
            }
        }

    private static let storePut: @convention(c) (OpaquePointer, UnsafePointer<CChar>, OpaquePointer) -> OpaquePointer? =
        {
            handle, key, tensor in
            session(handle).serve {
                try session(handle).services.store(String(cString: key), Tensor(borrowing: tensor))
            }
        }

    private static let carried:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer? = { handle, key, out in
            session(handle).serve {
                out.pointee = try session(handle).services.carried(String(cString: key))?
                    .sealedHandle(isLasting: true)
            }
        }

    private static let carry: @convention(c) (OpaquePointer, UnsafePointer<CChar>, OpaquePointer) -> OpaquePointer? = {
        handle, key, tensor in
        session(handle).serve {
            try session(handle).services.carry(String(cString: key), Tensor(borrowing: tensor))
        }
    }

    private static let report:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, UnsafePointer<suture_deltas>
        ) -> OpaquePointer? = { handle, stage, deltas in
            session(handle).serve {
                let deltas = try [Delta](Foreign(deltas, in: "suture_session_api.report"))
                let stage = try foreignName(stage, "the stage of suture_session_api.report")
                let scores = session(handle).results.takeScores()
                try session(handle).services.report(stage, deltas, scores)
            }
        }

    private static let trainingCount: @convention(c) (OpaquePointer, UnsafeMutablePointer<Int64>) -> OpaquePointer? = {
        handle, out in
        session(handle).serve { out.pointee = Int64(try session(handle).services.influence.count()) }
    }

    private static let trainingExamples:
        @convention(c) (
            OpaquePointer, UnsafePointer<Int64>, Int64, UnsafeMutableRawPointer?,
            (@convention(c) (UnsafeMutableRawPointer?, UnsafePointer<suture_marked_text>) -> OpaquePointer?)?
        ) -> OpaquePointer? = { handle, indices, count, context, receive in
            session(handle).serve {
                let indices = try foreignArray(indices, count, in: "suture_session_api.training_examples").map(Int.init)
                guard let receive else {
                    throw SutureError(
                        .invalidArgument, "suture_session_api.training_examples was called without a receiver")
                }
                for example in try session(handle).services.influence.examples(indices) {
                    let arena = CArena()
                    try Host.check(withExtendedLifetime(arena) { receive(context, example.c(in: arena)) })
                }
            }
        }

    private static let influence:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, OpaquePointer?, UnsafePointer<suture_texts>,
            UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer? = { handle, slot, model, queries, out in
            session(handle).serve {
                let session = session(handle)
                let queries = try [MarkedText](Foreign(queries, in: "suture_session_api.influence"))
                let model = model.map(ModelTable.model) ?? session.model
                out.pointee = try session.services.influence.trace(String(cString: slot), model, queries)
                    .retainedHandle()
            }
        }

    private static let checkpoint:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer? = { handle, folder, out in
            session(handle).serve {
                out.pointee = ModelTable.handle(try session(handle).services.checkpoint(String(cString: folder)))
            }
        }

    private static let call:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, UnsafePointer<suture_call>, UnsafePointer<suture_sink>
        ) -> OpaquePointer? = { handle, slot, call, sink in
            session(handle).serve {
                let session = session(handle)
                let call = try ComponentCall(Foreign(call, in: "suture_session_api.call"))
                let sink = try Foreign(sink, in: "suture_session_api.call")
                let model = call.model.map(ModelTable.model) ?? session.model
                try session.services.call(String(cString: slot), call, model).pour(into: sink)
            }
        }
}
