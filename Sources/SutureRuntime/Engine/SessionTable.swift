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
                struct_size: MemoryLayout<suture_session_api>.size, model: model, original: original, seed: seed,
                stage: stage, progress: progress, emit_location: emitLocation, emit_delta: emitDelta,
                emit_score: emitScore, emit_metric: emitMetric, second_moments: secondMoments, store_get: storeGet,
                store_put: storePut, emit_mark: emitMark, carried: carried, carry: carry, report: report, call: call))
        return UnsafePointer(table)
    }()

    private static func session(_ handle: OpaquePointer) -> RunSession {
        Unmanaged<RunSession>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    private static let model: @convention(c) (OpaquePointer) -> OpaquePointer = { session($0).modelHandle }
    private static let original: @convention(c) (OpaquePointer) -> OpaquePointer = { session($0).originalHandle }
    private static let seed: @convention(c) (OpaquePointer) -> Int64 = { Int64(session($0).seed) }
    private static let stage: @convention(c) (OpaquePointer) -> UnsafePointer<CChar> = { session($0).stageText }

    private static let progress: @convention(c) (OpaquePointer, UnsafePointer<CChar>, Int64, Int64) -> OpaquePointer? =
        {
            handle, phase, done, total in
            session(handle).serve {
                try session(handle).services.progress(String(cString: phase), Int(done), Int(total))
            }
        }

    private static let emitLocation: @convention(c) (OpaquePointer, UnsafePointer<suture_location>) -> OpaquePointer? =
        { handle, c in
            Host.returningError {
                guard let location = Location(c) else {
                    throw SutureError(
                        .invalidArgument,
                        "a location has the unknown site \(c.pointee.site) in layer \(c.pointee.layer)",
                        hint: "use the SUTURE_SITE_ codes, and a layer from 0 where the site has one")
                }
                guard location.score.isFinite else {
                    throw SutureError(.dataLoss, "the score of \(location.site) is not finite")
                }
                session(handle).locations.append(location)
            }
        }

    private static let emitDelta: @convention(c) (OpaquePointer, UnsafePointer<suture_delta>) -> OpaquePointer? = {
        handle, c in
        Host.returningError { session(handle).deltas.append(try Delta(c)) }
    }

    private static let emitScore: @convention(c) (OpaquePointer, UnsafePointer<suture_score>) -> OpaquePointer? = {
        handle, c in
        session(handle).scores.append(Score(c))
        return nil
    }

    private static let emitMetric: @convention(c) (OpaquePointer, UnsafePointer<suture_metric>) -> OpaquePointer? = {
        handle, c in
        session(handle).metrics.append(Metric(c))
        return nil
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
                let layers = UnsafeBufferPointer(start: layers, count: Int(count)).map { Int($0) }
                let moments = try session(handle).services.secondMoments(kind, layers)
                for (i, moment) in moments.enumerated() {
                    tokens[i] = Int64(moment.tokenCount)
                    out[i] = try moment.matrix.retainedHandle()
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

    private static let emitMark: @convention(c) (OpaquePointer, UnsafePointer<suture_mark>) -> OpaquePointer? = {
        handle, c in
        session(handle).marks.append(Mark(c))
        return nil
    }

    private static let carried:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer? = { handle, key, out in
            session(handle).serve {
                out.pointee = try session(handle).services.carried(String(cString: key))?.retainedHandle()
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
            OpaquePointer, UnsafePointer<CChar>, UnsafePointer<UnsafePointer<suture_delta>>?, Int64
        ) -> OpaquePointer? = { handle, stage, deltas, count in
            session(handle).serve {
                let deltas = try UnsafeBufferPointer(start: deltas, count: deltas == nil ? 0 : Int(count)).map {
                    try Delta($0)
                }
                let scores = session(handle).scores
                session(handle).scores = []
                try session(handle).services.report(String(cString: stage), deltas, scores)
            }
        }

    private static let call:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, UnsafePointer<suture_call>, UnsafePointer<suture_sink>
        ) -> OpaquePointer? = { handle, slot, c, sink in
            session(handle).serve {
                let session = session(handle)
                let results = try session.services.call(
                    String(cString: slot), ComponentCall(c, model: session.model))
                results.pour(into: ForeignStruct(sink))
            }
        }
}

extension ComponentCall {
    /// - Parameter model: where the caller names none.
    fileprivate init(_ c: UnsafePointer<suture_call>, model: LanguageModel) {
        let fields = ForeignStruct(c)
        func pointer<Value>(_ field: PartialKeyPath<suture_call>, _: Value.Type) -> UnsafePointer<Value>? {
            fields.pointer(field)?.assumingMemoryBound(to: Value.self)
        }
        self.init(
            model: fields.pointer(\.model).map { ModelTable.model(OpaquePointer($0)) } ?? model,
            stage: fields.text(\.stage) ?? "", cases: pointer(\.cases, suture_cases.self).map { [EditCase]($0) } ?? [],
            locations: pointer(\.locations, suture_locations.self).map { [Location]($0) } ?? [],
            texts: pointer(\.texts, suture_texts.self).map { [MarkedText]($0) } ?? [],
            startsAnew: (fields.number(\.flags) ?? 0) & SUTURE_CALL_STATE_ANEW != 0)
    }
}

extension RunSession {
    /// Hands over what came out of the call.
    fileprivate func pour(into sink: ForeignStruct<suture_sink>) {
        let context = UnsafeMutableRawPointer(mutating: sink.pointer(\.context))
        let arena = CArena()
        func each<Value, C>(
            _ field: PartialKeyPath<suture_sink>, _ values: [Value], _ c: (Value) -> UnsafePointer<C>
        ) {
            typealias Receiver = @convention(c) (UnsafeMutableRawPointer?, UnsafeRawPointer) -> Void
            guard let address = sink.pointer(field) else { return }
            let receive = unsafeBitCast(address, to: Receiver.self)
            for value in values { receive(context, UnsafeRawPointer(c(value))) }
        }
        each(\.location, locations) { arena.value($0.c) }
        each(\.delta, deltas) { $0.c(in: arena) }
        each(\.score, scores) { $0.c(in: arena) }
        each(\.metric, metrics) { $0.c(in: arena) }
        each(\.mark, marks) { arena.value($0.c) }
        withExtendedLifetime((arena, self)) {}
    }
}
