// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Which tensors of a checkpoint a model reads, and which it does not.
///
/// Made from names and shapes alone, so that a folder can be checked without its numbers.
struct WeightLayout: Sendable {
    /// A tensor that the family needs.
    struct Need: Sendable {
        var name: String
        /// `[out, in]` of projections, whatever the checkpoint stores.
        var shape: [Int]
        var isProjection = false
        /// The checkpoint stores `[in, out]`.
        var isTransposed = false
    }

    /// What this checkpoint puts in front of names.
    let prefix: String
    /// Checkpoint name of the token embedding. It is the head's where the two are tied and the file holds the head alone.
    let embeddingName: String
    /// What this checkpoint calls the projection to the logits, without ".weight".
    let headName: String
    /// The embedding serves as the projection to the logits too. A head that is in the file is always used, whatever
    /// config.json says, as transformers does.
    let tiesHead: Bool
    let needs: [Need]
    /// Names of tensors that are neither read nor known to be harmless, ascending.
    let unread: [String]
    /// The head is in the file although config.json ties it, and it is not the embedding.
    let hasHeadDespiteTie: Bool

    /// - Throws: a tensor that the family needs and the checkpoint lacks, or one of another shape or of whole numbers.
    init(_ checkpoint: Checkpoint, _ configuration: ModelConfiguration) throws(ModelError) {
        let architecture = configuration.architecture
        let names = Set(checkpoint.names)
        let prefixes = architecture.textPart?.prefixes ?? [architecture.prefix]
        let prefix = prefixes.first { prefix in names.contains { $0.hasPrefix(prefix) } } ?? ""
        let copies = (architecture.encoder?.embeddingCopies ?? []).map { prefix + $0 + ".weight" }
        let own = prefix + architecture.names.embedding + ".weight"
        let embedding = ([own] + copies).first(where: names.contains) ?? own
        let heads = [architecture.names.head] + architecture.names.otherHeads
        headName = heads.first { names.contains($0 + ".weight") } ?? architecture.names.head
        let head = headName + ".weight"
        // transformers ties a head that is missing in every encoder–decoder model.
        let mayTie = configuration.tiesHead || architecture.encoder != nil
        let isOneTensor = mayTie && (!names.contains(head) || !names.contains(embedding))
        tiesHead = isOneTensor
        embeddingName = isOneTensor && !names.contains(embedding) && names.contains(head) ? head : embedding
        self.prefix = prefix
        if configuration.tiesHead, !isOneTensor {
            hasHeadDespiteTie = try checkpoint.bytes(of: head) != checkpoint.bytes(of: embedding)
        } else {
            hasHeadDespiteTie = false
        }
        needs = Self.needs(
            of: configuration, prefix: prefix, embedding: embeddingName, head: headName, isHeadRead: !isOneTensor)
        for need in needs { try Self.check(need, checkpoint, architecture) }
        let uses = copies.filter(names.contains)
        for copy in uses where copy != embedding {
            try Self.checkCopy(copy, of: embeddingName, checkpoint, architecture)
        }
        let read = Set(needs.map(\.name) + uses)
        unread = names.filter { name in
            !read.contains(name) && !architecture.buffers.contains(where: name.hasSuffix)
                && !(architecture.textPart?.otherTensors ?? []).contains(where: name.hasPrefix)
        }.sorted()
    }

    /// Refuses a further embedding that differs from the one that is read.
    private static func checkCopy(
        _ copy: String, of embedding: String, _ checkpoint: Checkpoint, _ architecture: ArchitectureDescription
    ) throws(ModelError) {
        guard try checkpoint.bytes(of: copy) != checkpoint.bytes(of: embedding) else { return }
        throw ModelError(
            .unsupportedOption,
            "the tensor \"\(copy)\" differs from \"\(embedding)\", and a \(architecture.modelType) model whose encoder or "
                + "decoder has an embedding of its own is not supported",
            hint: "use a model in which both share one embedding")
    }

    private static func check(
        _ need: Need, _ checkpoint: Checkpoint, _ architecture: ArchitectureDescription
    ) throws(ModelError) {
        guard checkpoint.contains(need.name) else {
            throw ModelError(
                .unknownTensor,
                "\(checkpoint.folder.path) has no tensor \"\(need.name)\", which a \(architecture.modelType) model needs",
                hint: "check that config.json belongs to these weights")
        }
        let entry = try checkpoint.entry(need.name)
        let stored = need.isTransposed ? Array(need.shape.reversed()) : need.shape
        guard entry.shape == stored else {
            throw ModelError(
                .sizeMismatch,
                "the tensor \"\(need.name)\" has the shape \(entry.shape), config.json asks for \(stored)",
                hint: "check that config.json belongs to these weights")
        }
        guard entry.dtype.isFloatingPoint else {
            throw ModelError(
                .unsupportedDtype,
                "the tensor \"\(need.name)\" holds whole numbers (\(entry.dtype.rawValue)), not weights in floating point: the "
                    + "model is quantised",
                hint: "use the model in float32, float16 or bfloat16, or dequantise it in Python and save it")
        }
    }

    /// Every tensor that a family needs.
    private static func needs(
        of c: ModelConfiguration, prefix: String, embedding: String, head: String, isHeadRead: Bool
    ) -> [Need] {
        let names = c.architecture.names
        var needs = [Need(name: embedding, shape: [c.vocabulary, c.dModel])]
        func projection(_ base: String, _ shape: [Int], bias: Bool) {
            needs.append(
                Need(
                    name: prefix + base + ".weight", shape: shape, isProjection: true,
                    isTransposed: c.architecture.storesTransposed))
            if bias { needs.append(Need(name: prefix + base + ".bias", shape: [shape[0]])) }
        }
        func norm(_ base: String?, _ width: Int? = nil, bias: Bool = true) {
            guard let base else { return }
            needs.append(Need(name: prefix + base + ".weight", shape: [width ?? c.dModel]))
            if bias, case .layerNorm = c.architecture.norm {
                needs.append(Need(name: prefix + base + ".bias", shape: [width ?? c.dModel]))
            }
        }
        if case .learned(let base) = c.architecture.positions {
            needs.append(Need(name: prefix + base + ".weight", shape: [c.contextLength, c.dModel]))
        }
        let queries = c.headCount * c.dHead
        let keys = c.keyValueHeadCount * c.dHead
        func block(_ names: ArchitectureDescription.Names, _ layer: Int) {
            func at(_ template: String) -> String { Template.fill(template, with: String(layer)) }
            for base in names.blockNorms { norm(at(base)) }
            switch names.queryKeyValue {
            case .separate(let q, let k, let v):
                projection(at(q), [queries, c.dModel], bias: c.hasQueryKeyValueBias)
                projection(at(k), [keys, c.dModel], bias: c.hasQueryKeyValueBias)
                projection(at(v), [keys, c.dModel], bias: c.hasQueryKeyValueBias)
            case .fusedByPart(let base), .fusedByGroup(let base):
                projection(at(base), [queries + 2 * keys, c.dModel], bias: c.hasQueryKeyValueBias)
            }
            if c.hasQueryKeyNorms, let norms = names.queryKeyNorms {
                for (base, heads) in [(norms.query, c.headCount), (norms.key, c.keyValueHeadCount)] {
                    switch norms.span {
                    case .head: norm(at(base), c.dHead, bias: false)
                    case .ownHead: for head in 0..<heads { norm(at(base) + ".\(head)", c.dHead, bias: false) }
                    case .allHeads: norm(at(base), heads * c.dHead, bias: false)
                    }
                }
            }
            projection(at(names.attentionOutput), [c.dModel, queries], bias: c.hasAttentionOutputBias)
            if let sinks = names.attentionSinks { needs.append(Need(name: prefix + at(sinks), shape: [c.headCount])) }
            if let experts = c.experts, experts.layers.contains(layer) {
                needs += experts.needs(dModel: c.dModel, prefix: prefix, at: at)
                return
            }
            let inputs = names.neuronInput.all
            let isFused = names.neuronInput.isGated && inputs.count == 1
            for base in inputs { projection(at(base), [isFused ? 2 * c.dMLP : c.dMLP, c.dModel], bias: c.hasMLPBias) }
            projection(at(names.down), [c.dModel, c.dMLP], bias: c.hasMLPBias)
        }
        for layer in 0..<c.layerCount { block(names, layer) }
        if let encoder = c.encoder {
            let parts = encoder.description
            for layer in 0..<encoder.layerCount { block(parts.names, layer) }
            norm(parts.names.finalNorm)
            for layer in 0..<c.layerCount {
                func at(_ template: String) -> String { Template.fill(template, with: String(layer)) }
                norm(at(parts.crossNorm))
                for base in parts.crossQueryKeyValue.all { projection(at(base), [queries, c.dModel], bias: false) }
                projection(at(parts.crossOutput), [c.dModel, queries], bias: false)
            }
            for base in [parts.positions.encoderTable, parts.positions.decoderTable] {
                needs.append(Need(name: prefix + base + ".weight", shape: [encoder.bucketCount, c.headCount]))
            }
        }
        norm(names.finalNorm)
        // The head's name has no prefix, and it is stored as a plain [out, in] matrix in every family. Its bias is there
        // whether the weight is tied or not.
        if isHeadRead { needs.append(Need(name: head + ".weight", shape: [c.vocabulary, c.dModel])) }
        if c.hasHeadBias { needs.append(Need(name: head + ".bias", shape: [c.vocabulary])) }
        return needs
    }
}
