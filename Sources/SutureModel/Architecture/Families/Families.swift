// SPDX-License-Identifier: Apache-2.0

// Names and defaults are those of transformers' configuration classes. Tests/SutureModelTests/Configuration holds a table of
// every key that these classes read, with a probe for each.

extension ArchitectureDescription {
    /// The families that can be read. The forms of a family stand side by side.
    public static let families: [ArchitectureDescription] = [
        gpt2, gptJ, gptNeoX, gptNeoXSerial, llama, mistral, smolLM3, granite, phi3, olmo2, qwen2, qwen3, gemma, gemma2,
        gemma3, gemma3WithPictures, mixtral, qwen2MoE, qwen3MoE, gptOSS, starCoder2, stableLM, stableLMParallel, falcon,
        falconSharedNorm,
        falconOneKey, falconSerial,
        falconManyKeys, falconManyKeysSerial, t5, t5Gated, mT5, mT5Gated,
    ]

    /// Another form of a family, or a family that differs a little.
    static func form(
        of family: ArchitectureDescription, _ change: (inout ArchitectureDescription) -> Void
    ) -> ArchitectureDescription {
        var other = family
        change(&other)
        return other
    }
}
