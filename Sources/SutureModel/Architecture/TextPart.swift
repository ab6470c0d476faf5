// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    /// Where a folder of a model that takes pictures, too, keeps the part that reads text. The rest of it is not read.
    public struct TextPart: Sendable {
        /// The object of config.json that describes the part.
        public var section: String
        /// Its `model_type`.
        public var modelType: String
        /// Keys that count from the top of config.json, before those of the section.
        public var outerKeys: [String]
        /// Keys at the top of config.json that concern other parts.
        public var otherKeys: [String]
        /// What stands in front of every name of the text part's tensors; the first that is in the checkpoint counts.
        public var prefixes: [String]
        /// What stands in front of names of tensors of other parts.
        public var otherTensors: [String]
    }
}

extension ConfigurationFile {
    /// The description of the text part, and what is left at the top that nobody reads.
    ///
    /// - Throws: `missingField` for a file without the section, `invalidField` for a part of another family.
    func part(_ part: ArchitectureDescription.TextPart) throws(ModelError) -> (
        text: ConfigurationFile, unread: [String]
    ) {
        guard let section = try section(part.section) else {
            throw ModelError(
                .missingField, "\(path) has no \"\(part.section)\", which describes the part that reads text",
                hint: "copy the file from the model's source again")
        }
        let type = try section.text(Setting("model_type", default: part.modelType))
        guard type == part.modelType else {
            throw section.wrong("model_type", "\"\(part.modelType)\"", .text(type))
        }
        let text = section.updated(with: selecting(part.outerKeys))
        return (text, unreadKeys.filter { !part.otherKeys.contains($0) && !part.outerKeys.contains($0) })
    }
}
