// SPDX-License-Identifier: Apache-2.0

public import CSuture
import CSutureHost
import SutureKit
import Synchronization

/// The model table of the ABI ("suture.model/1") over ``LanguageModel``. Host side.
///
/// Every tensor that it hands out is read-only (``Tensor/sealedHandle(isLasting:unlessSharedWith:)``).
public enum ModelTable {
    /// The table. Lives as long as the process.
    public static var pointer: UnsafePointer<suture_model_api> { table }

    /// An owned handle on a model. End it with ``release(_:)``.
    public static func handle(_ model: LanguageModel) -> OpaquePointer {
        OpaquePointer(Unmanaged.passRetained(model).toOpaque())
    }

    /// Ends a handle that ``handle(_:)`` made. Each handle is released once, and not used afterwards.
    public static func release(_ handle: OpaquePointer) {
        Unmanaged<LanguageModel>.fromOpaque(UnsafeRawPointer(handle)).release()
    }

    // Written once by Swift's own initialisation, never changed, never freed.
    nonisolated(unsafe) private static let table: UnsafePointer<suture_model_api> = {
        let table = UnsafeMutablePointer<suture_model_api>.allocate(capacity: 1)
        table.initialize(
            to: suture_model_api(
                struct_size: MemoryLayout<suture_model_api>.size, retain: retain, release: releaseHandle, info: info,
                encode: encode, decode: decode, forward: forward, generate: generate, weight_name: weightName,
                parameter: parameter, apply: apply, cache_retain: cacheRetain, cache_release: cacheRelease,
                cache_select: cacheSelect, parameter_count: parameterCount, parameter_name: parameterName,
                projection_count: projectionCount, projection: projection, chat_prompt: chatPrompt))
        return UnsafePointer(table)
    }()

    /// Forward passes that were asked for in this process, those of `generate` aside. Tests of costs count them.
    package static var forwardPasses: Int { passes.load(ordering: .relaxed) }
    private static let passes = Atomic(0)

    /// Runs a function of the table that can fail. The call counts as a sign of life, and what it throws becomes the
    /// returned error.
    private static func answer(_ body: () throws -> Void) -> OpaquePointer? {
        suture_host_note_activity()
        return Host.returningError(body)
    }

    /// The model of a handle.
    package static func model(_ handle: OpaquePointer) -> LanguageModel {
        Unmanaged<LanguageModel>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    private static let retain: @convention(c) (OpaquePointer) -> Void = {
        _ = Unmanaged<LanguageModel>.fromOpaque(UnsafeRawPointer($0)).retain()
    }
    private static let releaseHandle: @convention(c) (OpaquePointer) -> Void = { release($0) }

    private static let info: @convention(c) (OpaquePointer, UnsafeMutablePointer<suture_model_info>) -> OpaquePointer? =
        { handle, out in
            let model = model(handle)
            let c = model.configuration
            var info = suture_model_info()
            info.layer_count = Int64(c.layerCount)
            info.d_model = Int64(c.dModel)
            info.d_mlp = Int64(c.dMLP)
            info.d_head = Int64(c.dHead)
            info.head_count = Int64(c.headCount)
            info.key_value_head_count = Int64(c.keyValueHeadCount)
            info.vocabulary = Int64(c.vocabulary)
            info.context_length = Int64(c.contextLength)
            info.beginning_token = Int64(model.tokenizer.bosTokenID ?? c.beginningToken ?? -1)
            info.end_token = Int64(model.tokenizer.eosTokenID ?? model.endTokens.min() ?? -1)
            info.dtype = model.dtype.rawValue
            info.device = model.device.kind.rawValue
            info.device_index = Int32(model.device.index)
            info.sites = c.sites.rawValue
            return fill(out, with: info, size: out.pointee.struct_size, in: "suture_model_api.info")
        }

    private static let encode:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, Int32, UnsafeMutablePointer<OpaquePointer?>,
            UnsafeMutablePointer<OpaquePointer?>?
        ) -> OpaquePointer? = { handle, text, addsSpecial, ids, offsets in
            answer {
                let encoding = try model(handle).tokenizer.encode(
                    String(cString: text), addSpecialTokens: addsSpecial != 0)
                let tokens = try Tensor(encoding.ids)
                if let offsets {
                    let pairs = encoding.offsets.flatMap { [$0.lowerBound, $0.upperBound] }
                    offsets.pointee = try Tensor(pairs, shape: [encoding.ids.count, 2]).sealedHandle()
                }
                ids.pointee = try tokens.sealedHandle()
            }
        }

    private static let decode:
        @convention(c) (
            OpaquePointer, UnsafePointer<Int64>, Int64, Int32, UnsafeMutablePointer<CChar>?, Int64,
            UnsafeMutablePointer<Int64>
        ) -> OpaquePointer? = { handle, ids, count, skipsSpecial, buffer, capacity, needed in
            answer {
                let ids = try foreignArray(ids, count, in: "suture_model_api.decode").map { Int($0) }
                let text = try model(handle).tokenizer.decode(ids, skipSpecialTokens: skipsSpecial != 0)
                write(text, buffer, capacity, needed)
            }
        }

    private static let forward:
        @convention(c) (
            OpaquePointer, UnsafePointer<suture_forward>, UnsafeMutablePointer<suture_forward_result>
        ) -> OpaquePointer? = { handle, request, result in
            answer {
                passes.add(1, ordering: .relaxed)
                _ = try Foreign(UnsafePointer(result), in: "suture_model_api.forward")
                let own = PluginTensors()
                let (pass, past) = try ForwardDecoder.decode(request, noting: own)
                let (output, cache) = try model(handle).transformer.run(pass, past: past)
                // Everything that can fail comes before anything is handed out.
                let logits = try output.logits?.sealedHandle(unlessSharedWith: own.tensors)
                result.pointee.logits = logits
                result.pointee.cache = cache.map { OpaquePointer(Unmanaged.passRetained(CacheBox($0)).toOpaque()) }
                if let captured = result.pointee.captured {
                    for (i, capture) in output.captures.enumerated() {
                        captured[i] = try capture.sealedHandle(unlessSharedWith: own.tensors)
                    }
                }
            }
        }

    private static let generate:
        @convention(c) (
            OpaquePointer, UnsafePointer<suture_generation>, UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer? = { handle, request, out in
            answer {
                let request = try Foreign(request, in: "suture_model_api.generate")
                guard let handleOfTokens = request.tokens else {
                    throw SutureError(.invalidArgument, "suture_generation.tokens is NULL", hint: "set it")
                }
                let tokens = try Tensor(borrowing: handleOfTokens)
                let lengths = try request.lengths.map { try Tensor(borrowing: $0).scalars(as: Int.self) }
                let rows = try ForwardDecoder.rows(tokens, lengths)
                let stops = try foreignArray(
                    request.stop_tokens, request.stop_count, in: "suture_generation.stop_tokens")
                let settings = Model.Generation(
                    maxNewTokens: Int(request.max_new_tokens), temperature: request.temperature,
                    topK: Int(request.top_k), topP: request.top_p, seed: Int(request.seed),
                    streams: request.streams.map { start in rows.indices.map { Int(start[$0]) } },
                    stopTokens: stops.map { Int($0) })
                let new = try Generator(model: model(handle), settings: settings).run(rows)
                let width = new.map(\.count).max() ?? 0
                let padded = new.flatMap { $0 + [Int](repeating: -1, count: width - $0.count) }
                out.pointee = try Tensor(padded, shape: [new.count, width]).sealedHandle()
            }
        }

    private static let weightName:
        @convention(c) (
            OpaquePointer, Int32, Int32, UnsafeMutablePointer<CChar>?, Int64, UnsafeMutablePointer<Int64>
        ) -> OpaquePointer? = { handle, site, layer, buffer, capacity, needed in
            answer {
                let site = try ForwardDecoder.site(site, layer)
                write(try model(handle).weightName(reading: site), buffer, capacity, needed)
            }
        }

    private static let parameter:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer? = { handle, name, out in
            answer {
                out.pointee = try model(handle).transformer.weights.tensor(String(cString: name))
                    .sealedHandle(isLasting: true)
            }
        }

    private static let parameterCount: @convention(c) (OpaquePointer) -> Int64 = {
        Int64(model($0).transformer.weights.names.count)
    }
    private static let parameterName:
        @convention(c) (
            OpaquePointer, Int64, UnsafeMutablePointer<CChar>?, Int64, UnsafeMutablePointer<Int64>
        ) -> OpaquePointer? = { handle, index, buffer, capacity, needed in
            answer {
                let names = model(handle).transformer.weights.names
                guard index >= 0, index < names.count else {
                    throw SutureError(.outOfRange, "parameter \(index) of \(names.count) was asked for")
                }
                write(names[Int(index)], buffer, capacity, needed)
            }
        }

    private static let projectionCount: @convention(c) (OpaquePointer) -> Int64 = {
        Int64(model($0).transformer.projectionCount)
    }
    private static let projection:
        @convention(c) (OpaquePointer, Int64, UnsafeMutablePointer<suture_projection>) -> OpaquePointer? = {
            handle, index, out in
            answer {
                let transformer = model(handle).transformer
                guard let projection = transformer.projection(at: Int(index)) else {
                    throw SutureError(
                        .outOfRange, "projection \(index) of \(transformer.projectionCount) was asked for",
                        hint: "count from 0 to suture_model_api.projection_count")
                }
                let rows = try projection.rows.map { try Tensor($0) }
                let c = suture_projection(
                    struct_size: 0, parameter: PermanentText.pointer(projection.parameter),
                    layer: Int32(projection.input.layer ?? -1), input_site: projection.input.kind.rawValue,
                    output_site: projection.output.kind.rawValue, reserved: 0, row_count: Int64(projection.rowCount),
                    rows: try rows?.sealedHandle())
                if let error = fill(out, with: c, size: out.pointee.struct_size, in: "suture_model_api.projection") {
                    throw Host.take(error)
                }
            }
        }

    private static let chatPrompt:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>?, UnsafePointer<CChar>, UnsafeMutablePointer<CChar>?, Int64,
            UnsafeMutablePointer<Int64>
        ) -> OpaquePointer? = { handle, system, message, buffer, capacity, needed in
            answer {
                do throws(ModelError) {
                    let prompt = try model(handle).chatPrompt(
                        String(cString: message), system: system.map { String(cString: $0) })
                    write(prompt, buffer, capacity, needed)
                } catch {
                    throw SutureError(
                        error.code == .missingField ? .unimplemented : .invalidArgument, error.message,
                        hint: error.hint)
                }
            }
        }

    private static let apply:
        @convention(c) (
            OpaquePointer, UnsafePointer<suture_deltas>, UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer? = { handle, deltas, out in
            answer {
                let changes = try [Delta](Foreign(deltas, in: "suture_model_api.apply"))
                out.pointee = ModelTable.handle(try model(handle).applying(changes))
            }
        }

    private static let cacheRetain: @convention(c) (OpaquePointer) -> Void = {
        _ = Unmanaged<CacheBox>.fromOpaque(UnsafeRawPointer($0)).retain()
    }
    private static let cacheRelease: @convention(c) (OpaquePointer) -> Void = {
        Unmanaged<CacheBox>.fromOpaque(UnsafeRawPointer($0)).release()
    }
    private static let cacheSelect:
        @convention(c) (
            OpaquePointer, OpaquePointer?, OpaquePointer?, UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer? = { cache, rows, lengths, out in
            answer {
                let selected = try CacheBox.keyValues(cache).selecting(
                    rows: rows.map { try IntegerVector(Tensor(borrowing: $0)) },
                    lengths: lengths.map { try IntegerVector(Tensor(borrowing: $0)) })
                out.pointee = OpaquePointer(Unmanaged.passRetained(CacheBox(selected)).toOpaque())
            }
        }

    /// Copies the fields that fit into a struct that the caller made; its size field stays.
    ///
    /// - Parameter size: what the caller wrote down.
    private static func fill<Struct: ForeignLayout>(
        _ out: UnsafeMutablePointer<Struct>, with value: Struct, size: Int, in place: String
    ) -> OpaquePointer? {
        guard size >= Struct.firstSize else {
            return Host.returningError { _ = try Foreign(UnsafePointer(out), in: place) }
        }
        let header = MemoryLayout<Int>.size
        withUnsafeBytes(of: value) { source in
            guard let base = source.baseAddress else { return }
            UnsafeMutableRawPointer(out).advanced(by: header)
                .copyMemory(from: base + header, byteCount: min(size, MemoryLayout<Struct>.size) - header)
        }
        return nil
    }

    /// Writes a text into a caller's buffer: at most `capacity` bytes, the final NUL included. `needed` receives the
    /// size of the whole text.
    private static func write(
        _ text: String, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int64, _ needed: UnsafeMutablePointer<Int64>
    ) {
        let bytes = text.utf8CString
        needed.pointee = Int64(bytes.count)
        guard let buffer, capacity >= Int64(bytes.count) else { return }
        for (i, byte) in bytes.enumerated() { buffer[i] = byte }
    }
}

/// Texts that live as long as the process, each once.
private enum PermanentText {
    private struct Text: @unchecked Sendable {
        // Written before it is published, never changed or freed.
        let pointer: UnsafePointer<CChar>
    }
    private static let texts = Mutex<[String: Text]>([:])

    static func pointer(_ text: String) -> UnsafePointer<CChar> {
        texts.withLock { texts in
            if let known = texts[text] { return known.pointer }
            let bytes = text.utf8CString
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            for (i, byte) in bytes.enumerated() { (copy + i).initialize(to: byte) }
            texts[text] = Text(pointer: UnsafePointer(copy))
            return UnsafePointer(copy)
        }
    }
}

/// Keys and values of a handle of the ABI.
final class CacheBox: Sendable {
    let keyValues: KeyValues
    init(_ keyValues: KeyValues) { self.keyValues = keyValues }

    static func keyValues(_ handle: OpaquePointer) -> KeyValues {
        Unmanaged<CacheBox>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue().keyValues
    }
}
