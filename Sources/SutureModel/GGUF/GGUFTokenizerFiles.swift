// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The files of the tokenizer of an imported model: rebuilt, or those of another folder.
struct GGUFTokenizerFiles {
    private enum Source {
        case rebuilt(GGUFTokenizer)
        case folder(URL, [String])
    }

    private let source: Source
    let warnings: [String]

    /// What belongs to a tokenizer in a model folder.
    private static let names = [
        "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json",
        "added_tokens.json",
        "generation_config.json",
    ]

    init(_ tokenizer: GGUFTokenizer) {
        source = .rebuilt(tokenizer)
        warnings = tokenizer.warnings
    }

    /// - Throws: `inconsistentVocabulary` where an id is another token than in the GGUF file.
    init(of folder: URL, for file: GGUFFile) throws(ModelError) {
        let tokenizer = try Tokenizer(folder: folder)
        let tokens = file.metadata["tokenizer.ggml.tokens"]?.list ?? []
        for (id, value) in tokens.enumerated() {
            guard let token = value.text, let other = tokenizer.token(for: id), !Self.isSame(token, other) else {
                continue
            }
            throw ModelError(
                .inconsistentVocabulary,
                "the token \(id) is \"\(other)\" in '\(folder.path)' and \"\(token)\" in the GGUF file '\(file.url.path)'",
                hint: "give the tokenizer of the same model")
        }
        let items = FolderFiles(folder)
        source = .folder(folder, Self.names.filter { items.contains($0) })
        warnings = []
    }

    func write(to folder: URL) throws(ModelError) {
        switch source {
        case .rebuilt(let tokenizer):
            try GGUFImport.write(tokenizer.tokenizer, to: folder, "tokenizer.json")
            try GGUFImport.write(tokenizer.settings, to: folder, "tokenizer_config.json")
            if let template = tokenizer.chatTemplate {
                try OutputFile.replace(folder.appendingPathComponent("chat_template.jinja"), by: Data(template.utf8))
            }
        case .folder(let other, let names):
            for name in names { try ModelFolder.copyFile(name, from: other, to: folder) }
        }
    }

    /// Spaces of SentencePiece are spelled in two ways.
    private static func isSame(_ first: String, _ second: String) -> Bool {
        func plain(_ text: String) -> [UInt8] { Array(text.replacingOccurrences(of: "\u{2581}", with: " ").utf8) }
        return first == second || plain(first) == plain(second)
    }
}
