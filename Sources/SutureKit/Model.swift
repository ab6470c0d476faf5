// SPDX-License-Identifier: Apache-2.0

import CSuture

/// A language model: weights on disk plus an overlay of changes. Immutable; nothing is ever stored on it.
///
/// What a pass does differently is an argument of that pass (``Forward``). A model with a patch applied is a new value
/// that shares everything else (``applying(_:)``).
public final class Model: Sendable {
    /// Dimensions and what else is fixed.
    public struct Info: Sendable, Hashable {
        /// Number of blocks.
        public var layerCount = 0
        /// Width of the residual stream.
        public var dModel = 0
        /// Neurons of a block: the width between the up and the down projection.
        public var dMLP = 0
        /// Width of an attention head.
        public var dHead = 0
        /// Attention heads of a block.
        public var headCount = 0
        /// Heads of keys and values; fewer than ``headCount`` where queries share them.
        public var keyValueHeadCount = 0
        /// Number of logits. A vocabulary may be padded with ids that no token has.
        public var vocabulary = 0
        /// The most tokens of a row, past and new ones together.
        public var contextLength = 0
        /// The token that begins a text; nil where the model has none.
        public var beginningToken: Int?
        /// The token that ends a text; nil where the model has none.
        public var endToken: Int?
        /// The type of the weights in memory, and with it that of all activations.
        public var dtype = DType.float32
        /// Where the weights are.
        public var device = Device.cpu
        /// Sites that this architecture has.
        public var sites: SiteKinds = []
    }

    // The host counts handles atomically, and a model does not change.
    nonisolated(unsafe) let handle: OpaquePointer
    private let release: @convention(c) (OpaquePointer) -> Void
    /// Dimensions and what else is fixed; read once, when the model is made.
    public let info: Info

    /// Takes over an owned handle of the ABI.
    public init(owning handle: OpaquePointer) throws(SutureError) {
        let table = try Host.models()
        self.handle = handle
        release = table.pointee.release
        var c = suture_model_info()
        c.struct_size = MemoryLayout<suture_model_info>.size
        let failure = table.pointee.info(handle, &c)
        info = Info(c)
        try Host.check(failure)
    }

    /// Shares a borrowed handle of the ABI.
    public convenience init(borrowing handle: OpaquePointer) throws(SutureError) {
        try Host.models().pointee.retain(handle)
        try self.init(owning: handle)
    }

    deinit { release(handle) }

    // MARK: Text

    /// The token ids of a text. Special tokens of the tokenizer's template (a beginning token) are added on request.
    public func encode(_ text: String, addsSpecialTokens: Bool = false) throws(SutureError) -> [Int] {
        var ids: OpaquePointer?
        try Host.check(
            try Host.models().pointee.encode(handle, text, addsSpecialTokens ? 1 : 0, &ids, nil))
        guard let ids else { throw SutureError(.internal, "the host returned no tokens and no error") }
        return try Tensor(owning: ids).scalars(as: Int.self)
    }

    /// The token ids of a text, and for each the range of Unicode scalars of the text that it covers.
    public func encodeWithOffsets(
        _ text: String, addsSpecialTokens: Bool = false
    ) throws(SutureError) -> (ids: [Int], offsets: [Range<Int>]) {
        var ids: OpaquePointer?
        var offsets: OpaquePointer?
        try Host.check(
            try Host.models().pointee.encode(handle, text, addsSpecialTokens ? 1 : 0, &ids, &offsets))
        guard let ids, let offsets else {
            throw SutureError(.internal, "the host returned no tokens and no error")
        }
        let tokens = try Tensor(owning: ids).scalars(as: Int.self)
        let pairs = try Tensor(owning: offsets).scalars(as: Int.self)
        return (tokens, tokens.indices.map { pairs[2 * $0]..<pairs[2 * $0 + 1] })
    }

    /// The text of token ids.
    ///
    /// Where the ids end within a character, U+FFFD takes its place.
    ///
    /// A model's vocabulary may be padded with ids that the tokenizer does not have. They have no text and are left out. What a
    /// model says after a prompt is read by ``text(of:after:)``.
    ///
    /// - Parameter skipsSpecialTokens: leave out tokens such as the one that ends a text.
    public func decode(_ ids: [Int], skipsSpecialTokens: Bool = true) throws(SutureError) -> String {
        let table = try Host.models()
        return try text { buffer, capacity, needed in
            ids.map(Int64.init).withUnsafeBufferPointer { ids in
                var none: Int64 = 0
                return withUnsafePointer(to: &none) { empty in
                    table.pointee.decode(
                        self.handle, ids.baseAddress ?? empty, Int64(ids.count), skipsSpecialTokens ? 1 : 0, buffer,
                        capacity, needed)
                }
            }
        }
    }

    /// What the model reads when a user says something, in the words of the chat template of its folder, up to where its
    /// answer begins. It is put into tokens as any prompt, special tokens added.
    ///
    /// - Parameter system: what the conversation begins with, of the role `system`; nil: nothing.
    /// - Throws: `unimplemented` where the folder has no chat template, `invalidArgument` where the template refuses the
    ///   message or a system's words.
    public func chatPrompt(_ message: String, system: String? = nil) throws(SutureError) -> String {
        let table = try Host.models()
        try Host.require(suture_model_api.Later.chat_prompt, of: table)
        return try text { buffer, capacity, needed in
            table.pointee.chat_prompt(self.handle, system, message, buffer, capacity, needed)
        }
    }

    // MARK: Weights

    /// The checkpoint's name of the weight that reads a site: ``Site/neurons(_:)`` gives the down projection,
    /// ``Site/headOutput(_:)`` the attention output projection, ``Site/mlpInput(_:)`` the up projection.
    public func weightName(reading site: Site) throws(SutureError) -> String {
        let table = try Host.models()
        return try text { buffer, capacity, needed in
            table.pointee.weight_name(
                self.handle, site.kind.rawValue, Int32(site.layer ?? -1), buffer, capacity, needed)
        }
    }

    /// The checkpoint's names of all parameters, ascending.
    public var parameterNames: [String] {
        get throws(SutureError) {
            let table = try Host.models()
            var names: [String] = []
            for index in 0..<table.pointee.parameter_count(handle) {
                names.append(
                    try text { buffer, capacity, needed in
                        table.pointee.parameter_name(self.handle, index, buffer, capacity, needed)
                    })
            }
            return names
        }
    }

    /// A weight by its checkpoint name, `[out, in]` for projections, changes included.
    public func parameter(_ name: String) throws(SutureError) -> Tensor {
        var out: OpaquePointer?
        try Host.check(try Host.models().pointee.parameter(handle, name, &out))
        guard let out else { throw SutureError(.internal, "the host returned no tensor and no error") }
        return try Tensor(owning: out)
    }

    /// This model with changes added. Shares everything else.
    ///
    /// - Throws: unknown parameters, wrong shapes, numbers that are not finite.
    public func applying(_ patch: Patch) throws(SutureError) -> Model {
        let table = try Host.models()
        let arena = CArena()
        var out: OpaquePointer?
        let error = withExtendedLifetime((arena, patch)) {
            table.pointee.apply(handle, patch.deltas.c(in: arena, as: suture_deltas.self), &out)
        }
        try Host.check(error)
        guard let out else { throw SutureError(.internal, "the host returned no model and no error") }
        return try Model(owning: out)
    }

    /// Calls a function that writes text into a buffer, twice where the first buffer was too short.
    private func text(
        _ body: (UnsafeMutablePointer<CChar>?, Int64, UnsafeMutablePointer<Int64>) -> OpaquePointer?
    ) throws(SutureError) -> String {
        var capacity = 256
        while true {
            var buffer = [CChar](repeating: 0, count: capacity)
            var needed: Int64 = 0
            let error = buffer.withUnsafeMutableBufferPointer { body($0.baseAddress, Int64($0.count), &needed) }
            try Host.check(error)
            if Int(needed) <= capacity {
                let bytes = buffer.prefix(Swift.max(Int(needed) - 1, 0)).map { UInt8(bitPattern: $0) }
                return String(decoding: bytes, as: UTF8.self)
            }
            capacity = Int(needed)
        }
    }
}

extension Model.Info {
    fileprivate init(_ c: suture_model_info) {
        self.init()
        layerCount = Int(c.layer_count)
        dModel = Int(c.d_model)
        dMLP = Int(c.d_mlp)
        dHead = Int(c.d_head)
        headCount = Int(c.head_count)
        keyValueHeadCount = Int(c.key_value_head_count)
        vocabulary = Int(c.vocabulary)
        contextLength = Int(c.context_length)
        beginningToken = c.beginning_token >= 0 ? Int(c.beginning_token) : nil
        endToken = c.end_token >= 0 ? Int(c.end_token) : nil
        dtype = DType(rawValue: c.dtype) ?? .float32
        device = Device(Device.Kind(rawValue: c.device) ?? .cpu, index: Int(c.device_index))
        sites = SiteKinds(rawValue: c.sites)
    }
}
