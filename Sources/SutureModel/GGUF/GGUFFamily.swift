// SPDX-License-Identifier: Apache-2.0

/// How llama.cpp's files keep the models of a family: what they call its tensors and settings, and what they change about numbers.
package struct GGUFFamily: Sendable {
    /// `general.architecture`, and the start of the keys of settings.
    package var architecture: String
    /// `model_type` of config.json, which is what an imported model gets.
    var modelType: String
    /// Other families whose models llama.cpp keeps under the same architecture.
    var otherModelTypes: [String] = []
    /// Of the model in transformers.
    var className: String
    /// Names of tensors outside the layers, without ".weight": in GGUF, and in transformers.
    var outer = [
        "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
    ]
    /// In front of a layer's number in transformers; in GGUF it is "blk.".
    var layers = "model.layers."
    /// Names of tensors inside a layer.
    var inner: [String: String]
    /// The rows of queries and keys are reordered, since ggml turns neighbouring numbers of a head together and transformers those
    /// that are half a head apart.
    var reordersHeads = false
    /// The weights of norms have 1 added.
    var addsOneToNorms = false
    /// SentencePiece vocabularies are merged in the order of their tokens, without a space in front of a text, and spell spaces in a
    /// row as spaces.
    var ordersMergesByToken = false
    /// Settings beyond ``commonSettings``: the key in GGUF without the architecture, and the one of config.json.
    var settings: [String: String] = [:]
    /// What config.json must say that a file does not.
    var constants: [(key: String, value: JSONValue)] = []
    /// Settings that no file states and that llama.cpp knows by the size of the model or by its tensors.
    var derived: @Sendable (GGUFSettings) throws(ModelError) -> [(key: String, value: JSONValue)] = { _ in [] }

    static let commonSettings = [
        "block_count": "num_hidden_layers", "context_length": "max_position_embeddings",
        "embedding_length": "hidden_size", "feed_forward_length": "intermediate_size",
        "attention.head_count": "num_attention_heads", "attention.head_count_kv": "num_key_value_heads",
        "attention.layer_norm_rms_epsilon": "rms_norm_eps", "rope.freq_base": "rope_theta",
    ]

    /// The family of a file.
    package static func named(_ architecture: String) -> GGUFFamily? { all.first { $0.architecture == architecture } }

    /// The family that llama.cpp counts models of a `model_type` among.
    package static func ofModels(_ modelType: String) -> GGUFFamily? {
        all.first { $0.modelType == modelType || $0.otherModelTypes.contains(modelType) }
    }

    // MARK: Names

    /// The name of a tensor in transformers; nil for one that the family has not.
    func transformersName(_ name: String) -> String? {
        let (stem, ending) = Self.split(name)
        if let outer = outer[stem] { return outer + ending }
        let parts = stem.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, parts[0] == "blk", let layer = Int(parts[1]), let leaf = inner[String(parts[2])] else {
            return nil
        }
        return "\(layers)\(layer).\(leaf)\(ending)"
    }

    /// The name of a module's weight in GGUF; nil for one that the family has not.
    ///
    /// - Parameter module: as transformers names it: "model.layers.3.mlp.down_proj".
    package func name(of module: String) -> String? {
        if let outer = outer.first(where: { $0.value == module }) { return outer.key + ".weight" }
        guard module.hasPrefix(layers) else { return nil }
        let parts = module.dropFirst(layers.count).split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let layer = Int(parts[0]), let leaf = inner.first(where: { $0.value == parts[1] })
        else { return nil }
        return "blk.\(layer).\(leaf.key).weight"
    }

    private static func split(_ name: String) -> (stem: String, ending: String) {
        for ending in [".weight", ".bias"] where name.hasSuffix(ending) {
            return (String(name.dropLast(ending.count)), ending)
        }
        return (name, "")
    }

    // MARK: Numbers

    /// How many heads the rows of a tensor are reordered by; nil where they keep their order.
    package func reorderedHeads(_ name: String, heads: Int, keyValueHeads: Int) -> Int? {
        guard reordersHeads else { return nil }
        if name.contains(".attn_q.") { return heads }
        return name.contains(".attn_k.") ? keyValueHeads : nil
    }

    /// Where each row of a tensor in transformers' order comes from in ggml's.
    ///
    /// Inside of a head of `d` rows, ggml has the rows `0, d/2, 1, d/2 + 1, …` of transformers.
    package static func transformersOrder(rows: Int, heads: Int) -> [Int] {
        let half = rows / heads / 2
        return (0..<rows).map { row in
            let (head, place) = row.quotientAndRemainder(dividingBy: half * 2)
            return head * half * 2 + place % half * 2 + place / half
        }
    }

    /// The opposite.
    package static func ggmlOrder(rows: Int, heads: Int) -> [Int] {
        let half = rows / heads / 2
        return (0..<rows).map { row in
            let (head, place) = row.quotientAndRemainder(dividingBy: half * 2)
            return head * half * 2 + place % 2 * half + place / 2
        }
    }
}
