// SPDX-License-Identifier: Apache-2.0

/// The families, as `convert_hf_to_gguf.py` of llama.cpp writes them.
extension GGUFFamily {
    package static let all = [llama, qwen2, qwen3, gemma, gemma2, gemma3]

    private static let llamaTensors = [
        "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
        "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    ]
    private static let headNorms = ["attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"]
    private static let normsAround = [
        "post_attention_norm": "post_attention_layernorm", "ffn_norm": "pre_feedforward_layernorm",
        "post_ffw_norm": "post_feedforward_layernorm",
    ]
    private static let headSize = ["attention.key_length": "head_dim"]

    private static let llama = GGUFFamily(
        architecture: "llama", modelType: "llama", otherModelTypes: ["mistral"], className: "LlamaForCausalLM",
        inner: llamaTensors, reordersHeads: true,
        settings: ["attention.key_length": "head_dim", "rope.dimension_count": "head_dim"],
        derived: { (settings) throws(ModelError) in
            let biased = settings.file.contains("blk.0.attn_output.bias")
            return [
                ("attention_bias", .boolean(biased)),
                ("mlp_bias", .boolean(settings.file.contains("blk.0.ffn_down.bias"))),
            ]
        })

    private static let qwen2 = GGUFFamily(
        architecture: "qwen2", modelType: "qwen2", className: "Qwen2ForCausalLM", inner: llamaTensors)

    private static let qwen3 = GGUFFamily(
        architecture: "qwen3", modelType: "qwen3", className: "Qwen3ForCausalLM",
        inner: llamaTensors.merging(headNorms) { $1 }, settings: headSize)

    private static let gemma = GGUFFamily(
        architecture: "gemma", modelType: "gemma", className: "GemmaForCausalLM", inner: llamaTensors,
        addsOneToNorms: true, ordersMergesByToken: true, settings: headSize,
        constants: [("hidden_act", .text("gelu_pytorch_tanh"))])

    private static let gemma2 = GGUFFamily(
        architecture: "gemma2", modelType: "gemma2", className: "Gemma2ForCausalLM",
        inner: llamaTensors.merging(normsAround) { $1 }, addsOneToNorms: true, ordersMergesByToken: true,
        settings: [
            "attention.key_length": "head_dim", "attention.sliding_window": "sliding_window",
            "attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping",
        ],
        constants: [("hidden_activation", .text("gelu_pytorch_tanh"))],
        derived: { (settings) throws(ModelError) in [try settings.scoreScale(largestLayers: 46)] })

    private static let gemma3 = GGUFFamily(
        architecture: "gemma3", modelType: "gemma3_text", otherModelTypes: ["gemma3"], className: "Gemma3ForCausalLM",
        inner: llamaTensors.merging(normsAround) { $1 }.merging(headNorms) { $1 }, addsOneToNorms: true,
        ordersMergesByToken: true,
        settings: [
            "attention.key_length": "head_dim", "attention.sliding_window": "sliding_window",
            "attention.sliding_window_pattern": "sliding_window_pattern",
            "rope.freq_base_swa": "rope_local_base_freq", "final_logit_softcapping": "final_logit_softcapping",
        ],
        constants: [("hidden_activation", .text("gelu_pytorch_tanh"))],
        derived: { (settings) throws(ModelError) in [try settings.scoreScale(largestLayers: 62)] })
}

extension GGUFSettings {
    /// The scores of the largest Gemma, which a file can be known for by its layers, are divided by the root of width / heads; those
    /// of the others by that of a head's size. No file says so.
    fileprivate func scoreScale(largestLayers: Int) throws(ModelError) -> (key: String, value: JSONValue) {
        let isLargest = try whole("block_count") == largestLayers
        let size =
            try isLargest
            ? whole("embedding_length") / whole("attention.head_count") : whole("attention.key_length")
        return ("query_pre_attn_scalar", .integer(size))
    }
}
