// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    /// Keys of config.json that change nothing in any family: notes of the program that wrote the file, training, other
    /// heads, the form of what transformers returns, and the type that it loads weights in.
    static let commonHarmlessKeys: Set<String> = [
        "transformers_version", "_name_or_path", "name_or_path", "_model_name_or_path", "_commit_hash",
        "transformers.js_config", "is_llama_config", "rope_interleaved", "tokenizer_class", "prefix",
        "task_specific_params", "finetuning_task", "unsloth_fixed", "unsloth_version", "torch_dtype", "dtype",
        "use_bfloat16", "torchscript", "use_cache", "gradient_checkpointing", "attn_implementation",
        "_attn_implementation", "_attn_implementation_autoset", "experts_implementation",
        "_attn_implementation_internal", "_experts_implementation_internal", "use_flash_attention",
        "output_hidden_states", "output_attentions", "return_dict", "tie_last_hidden_states", "chunk_size_feed_forward",
        "initializer_range", "pad_token_id", "unk_token_id", "sep_token_id", "cls_token_id", "mask_token_id",
        "decoder_start_token_id", "id2label", "label2id", "num_labels", "_num_labels", "problem_type",
        "cross_attention_hidden_size", "pruned_heads", "tie_encoder_decoder", "number_of_conv_states",
        // Read with the scaling llama3 alone.
        "original_max_position_embeddings",
    ]

    /// Keys that would make any family another model.
    static let commonRestrictions: [Restriction] = [
        Restriction(key: "is_causal", values: ["true"]),
        Restriction(key: "per_layer_config", values: ["null", "{}"]),
        Restriction(key: "attention_chunk_size", values: ["null"]),
        Restriction(key: "kv_sharing_modes", values: ["null"]),
    ]

    /// Keys that would make any family without an encoder another model.
    static let decoderRestrictions: [Restriction] = [
        Restriction(key: "is_encoder_decoder", values: ["false", "null"])
    ]

    /// Settings of generation that older files keep in config.json. Those that matter are named where
    /// generation_config.json does not count before them (``GenerationFile``).
    static let generationKeys: Set<String> = [
        "assistant_confidence_threshold", "assistant_lookbehind", "bad_words_ids", "begin_suppress_tokens",
        "diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size",
        "encoder_repetition_penalty", "epsilon_cutoff", "eta_cutoff", "exponential_decay_length_penalty",
        "forced_bos_token_id", "forced_eos_token_id", "length_penalty", "max_length", "max_new_tokens", "min_length",
        "min_new_tokens", "no_repeat_ngram_size", "num_assistant_tokens", "num_assistant_tokens_schedule",
        "num_beam_groups", "num_beams", "num_return_sequences", "output_scores", "remove_invalid_values",
        "repetition_penalty", "return_dict_in_generate", "suppress_tokens", "target_lookbehind", "temperature", "top_k",
        "top_p", "typical_p",
    ]
}
