// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The files of a model folder by what they mean for the model: read, harmless, or neither.
///
/// Folders inside the folder do not belong to the model; transformers does not look into them either.
struct FolderFiles {
    let folder: URL
    /// Names, ascending, without folders.
    let names: [String]

    init(_ folder: URL) {
        self.folder = folder
        let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        names = all.sorted().filter { name in
            var isFolder: ObjCBool = false
            return
                !(FileManager.default.fileExists(
                    atPath: folder.appending(path: name).path, isDirectory: &isFolder) && isFolder.boolValue)
        }
    }

    func contains(_ name: String) -> Bool { names.contains(name) }

    // MARK: - Adapters

    static let adapterConfiguration = "adapter_config.json"
    private static let adapterWeights = ["adapter_model.safetensors", "adapter_model.bin"]

    /// True for both parts of an adapter. They change the model together, so they are copied together.
    static func isAdapter(_ name: String) -> Bool { name == adapterConfiguration || adapterWeights.contains(name) }

    /// Refuses a folder with an adapter: transformers with PEFT would load the adapter too, and compute other numbers.
    func refuseAdapter() throws(ModelError) {
        guard contains(Self.adapterConfiguration) else { return }
        let url = folder.appending(path: Self.adapterConfiguration)
        let file = try ConfigurationFile(url)
        let kind = (try? file.optionalText("peft_type")).flatMap { $0 } ?? "of an unknown kind"
        let base = (try? file.optionalText("base_model_name_or_path")).flatMap { $0 }.map { " for \"\($0)\"" } ?? ""
        let isModel = contains("config.json")
        throw ModelError(
            .adapter,
            "'\(folder.path)' \(isModel ? "holds an adapter beside the model" : "is an adapter, not a model"): "
                + "\(Self.adapterConfiguration) (\(kind)\(base))",
            hint: isModel
                ? "merge the adapter into the weights (PEFT's merge_and_unload) and save the model, or take "
                    + "\(Self.adapterConfiguration) and its weights out of the folder to edit the model without it"
                : "load it in Python with its base model, call merge_and_unload() and save the result")
    }

    // MARK: - Files that nothing reads

    /// What is read here, or read by transformers for things other than what a model computes from tokens.
    private static let read: Set<String> = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", Checkpoint.fileName,
        Checkpoint.indexName,
    ]
    /// Other forms of the tokenizer, chat templates, preprocessors of other inputs, and what training leaves behind.
    private static let harmless: Set<String> = [
        "vocab.json", "vocab.txt", "merges.txt", "special_tokens_map.json", "added_tokens.json", "tokenizer.model",
        "spiece.model", "sentencepiece.bpe.model", "tekken.json", "chat_template.json", "preprocessor_config.json",
        "processor_config.json", "training_args.bin", "training_params.json", "trainer_state.json", "report.json",
        "all_results.json", "train_results.json", "eval_results.json", "configuration.json", "params.json", "LICENSE",
        "NOTICE", "USE_POLICY", "Notice", ".gitattributes", ".gitignore", "rng_state.pth", "scheduler.pt",
        "optimizer.pt", "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json",
    ]
    /// Text, pictures, and the same model in formats that transformers leaves aside where there is safetensors.
    private static let harmlessEndings = [
        ".md", ".txt", ".rst", ".html", ".pdf", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".jinja", ".csv",
        ".log", ".yaml", ".yml", ".h5", ".msgpack", ".gguf", ".onnx", ".onnx_data", ".bin.index.json", ".pth",
        ".tiktoken",
        ".mlmodel", ".sig", ".tflite", ".ot",
    ]

    /// The sentence about files that may matter and that nothing reads; nil where there is none.
    ///
    /// - Parameter weights: names of the files that hold the model's weights.
    func warning(weights: Set<String>) -> String? {
        let unknown = names.filter { name in
            !Self.read.contains(name) && !weights.contains(name) && !Self.harmless.contains(name)
                && !Self.harmlessEndings.contains(where: name.hasSuffix) && !Self.isPickle(name)
                && !name.hasPrefix(".") && !name.hasPrefix("events.out.")
        }
        guard !unknown.isEmpty else { return nil }
        return
            "\(Listing.text(unknown, quoted: true)) in '\(folder.path)' \(unknown.count == 1 ? "is" : "are") not read"
    }

    private static func isPickle(_ name: String) -> Bool {
        name.hasPrefix("pytorch_model") && name.hasSuffix(".bin") || name.hasPrefix("consolidated.")
    }
}

/// Lists of names in sentences.
enum Listing {
    /// The first few names, and how many more there are.
    static func text(_ names: [String], limit: Int = 4, quoted: Bool = false) -> String {
        let shown = names.prefix(limit).map { quoted ? "'\($0)'" : $0 }
        let rest = names.count - shown.count
        guard rest == 0 else { return shown.joined(separator: ", ") + " and \(rest) more" }
        guard shown.count > 1 else { return shown.first ?? "" }
        return shown.dropLast().joined(separator: ", ") + " and " + (shown.last ?? "")
    }
}
