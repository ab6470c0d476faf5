// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How positions turn queries and keys.
public struct RotaryConfiguration: Sendable {
    /// How the pairs that turn together lie in a head.
    public let pairs: ArchitectureDescription.Rotary.Pairs
    /// Components of each head that turn; even.
    public let width: Int
    /// Angle per position of each pair, `width / 2` numbers.
    public let frequencies: [Double]
    /// What cosines and sines are multiplied by.
    public let factor: Double
    /// The angles of texts that are longer than some length; nil where all texts have the same.
    public let long: Long?

    /// The angles of long texts (LongRoPE).
    public struct Long: Sendable {
        /// Texts of more tokens than this have them at all positions.
        public let above: Int
        /// Angle per position of each pair.
        public let frequencies: [Double]
    }

    /// What config.json says about rotary positions, with transformers' priorities: `rope_scaling` replaces
    /// `rope_parameters` as a whole, and a key inside of them counts before the same key outside.
    ///
    /// - Returns: one, or two where layers with a window turn in their own way: theirs is the second.
    static func all(
        _ file: ConfigurationFile, _ rotary: ArchitectureDescription.Rotary, dHead: Int, contextLength: Int
    ) throws(ModelError) -> [RotaryConfiguration] {
        let reader = RotaryReader(file: file, rotary: rotary, dHead: dHead, contextLength: contextLength)
        guard let windowBase = rotary.windowBase else {
            return [try reader.configuration(try reader.section(), baseKey: rotary.baseKey, base: rotary.defaultBase)]
        }
        let (full, sliding) = try reader.sectionsByKind()
        return [
            try reader.configuration(full, baseKey: rotary.baseKey, base: rotary.defaultBase),
            try reader.configuration(sliding, baseKey: windowBase.names[0], base: windowBase.fallback ?? 1),
        ]
    }
}

/// Reads the keys of rotary positions.
private struct RotaryReader {
    let file: ConfigurationFile
    let rotary: ArchitectureDescription.Rotary
    let dHead: Int
    let contextLength: Int

    // MARK: - Sections

    /// The one section that counts; nil where there is none, or where the family has fixed angles.
    func section() throws(ModelError) -> ConfigurationFile? {
        guard rotary.baseKey != nil else { return nil }
        let newer = try file.section("rope_parameters")
        let older = try file.section("rope_scaling")
        let assumed = try rotary.defaultParameters.map { text throws(ModelError) in
            try ConfigurationFile.assumed(text, "\(file.path): rope_parameters")
        }
        guard let section = older.flatMap({ $0.isEmpty ? nil : $0 }) ?? newer ?? assumed else { return nil }
        for key in section.keys {
            guard case .object? = section.json(key) else { continue }
            throw ModelError(
                .unsupportedOption, "\(section.path): \"\(key)\" has settings of its own, which is not supported",
                hint: "use a model with one set of rotary positions for all layers")
        }
        return section
    }

    /// The sections of layers without and with a window. `rope_scaling` changes the former.
    func sectionsByKind() throws(ModelError) -> (full: ConfigurationFile?, sliding: ConfigurationFile?) {
        let kinds = ["full_attention", "sliding_attention"]
        let newer = try file.section("rope_parameters")
        if let other = newer?.keys.first(where: { !kinds.contains($0) }) {
            throw ModelError(
                .unsupportedOption, "\(file.path): rope_parameters: \"\(other)\" is not supported",
                hint: "the section has one object for \(kinds[0]) and one for \(kinds[1])")
        }
        let sliding = try newer?.section(kinds[1])
        let full = try newer?.section(kinds[0])
        guard let older = try file.section("rope_scaling") else { return (full, sliding) }
        // Without `rope_parameters`, the kind that is changed is "default", so that an older "type" does not count.
        let base = try newer == nil ? ConfigurationFile.assumed(#"{"rope_type": "default"}"#, file.path) : full
        return (base?.updated(with: older) ?? older, sliding)
    }

    // MARK: - Angles

    func configuration(
        _ section: ConfigurationFile?, baseKey: String?, base fallback: Double
    ) throws(ModelError) -> RotaryConfiguration {
        let scaling = try scaling(section)
        // The number of components before it is rounded up to pairs; angles are spread over it.
        let count = try count(section, scaling)
        let width = count + count % 2
        guard count > 0, width <= dHead else {
            throw ModelError(
                .invalidField, "\(file.path): \(count) rotary components do not fit a head of \(dHead)",
                hint: "correct \(widthKey)")
        }
        let base = try base(section, key: baseKey, default: fallback)
        let plain = stride(from: 0, to: count, by: 2).map { pow(base, -Double($0) / Double(count)) }
        func result(
            _ frequencies: [Double], factor: Double = 1, long: RotaryConfiguration.Long? = nil
        ) -> RotaryConfiguration {
            RotaryConfiguration(
                pairs: rotary.pairs, width: width, frequencies: frequencies, factor: factor, long: long)
        }
        guard let section else { return result(plain) }
        switch scaling {
        case .default: return result(plain)
        case .dynamic:
            // Angles change beyond the context alone, and longer texts are refused.
            _ = try section.positive("factor")
            return result(plain)
        case .linear:
            let factor = try section.positive("factor")
            return result(plain.map { $0 / factor })
        case .llama3: return result(try llama3(plain, section))
        case .proportional: return result(try proportional(base, section))
        case .yarn:
            let yarn = try YarnScaling(
                section, count: count, base: base, originalContext: original(section), context: contextLength)
            return result(yarn.frequencies(plain), factor: yarn.attentionFactor)
        case .longrope:
            let scaling = try LongScaling(section, plain, originalContext: original(section), context: contextLength)
            return result(scaling.short, factor: scaling.attentionFactor, long: scaling.long)
        }
    }

    private func scaling(_ section: ConfigurationFile?) throws(ModelError) -> ArchitectureDescription.RotaryScaling {
        let named = try section?.optionalText("rope_type")
        let namedOnce = try section?.optionalText("type")
        let name = named ?? namedOnce ?? "default"
        let scaling = rotary.otherNames[name] ?? ArchitectureDescription.RotaryScaling(rawValue: name)
        guard let scaling, rotary.scalings.contains(scaling) else {
            throw ModelError(
                .unsupportedComponent,
                "\(section?.path ?? file.path): \"rope_type\" is \"\(name)\", which is not supported",
                hint: "supported are \(Listing.text(rotary.scalings.map(\.rawValue)))")
        }
        return scaling
    }

    private func base(
        _ section: ConfigurationFile?, key: String?, default fallback: Double
    ) throws(ModelError) -> Double {
        guard let key else { return fallback }
        let outside = try file.optionalNumber(key)
        let inside = try section?.optionalNumber("rope_theta")
        let base = inside ?? outside ?? fallback
        guard base > 0 else {
            throw (inside == nil ? file : section ?? file).wrong(
                inside == nil ? key : "rope_theta", "a number above 0", .number("\(base)"))
        }
        return base
    }

    private func count(
        _ section: ConfigurationFile?, _ scaling: ArchitectureDescription.RotaryScaling
    ) throws(ModelError) -> Int {
        switch rotary.width {
        case .whole:
            // transformers reads the fraction for scaled positions alone, where it then does not fit the family's heads.
            let outside = file.json("partial_rotary_factor")?.number
            let fraction = section?.json("partial_rotary_factor")?.number ?? outside ?? 1
            guard fraction == 1 || scaling == .default || scaling == .proportional else {
                throw ModelError(
                    .unsupportedOption,
                    "\(file.path): \"partial_rotary_factor\" is \(fraction), which is not supported",
                    hint: "use a model in which it is 1 or missing")
            }
            return dHead
        case .count(let key, let fallback):
            let count = try file.requiredSize(ArchitectureDescription.Setting(key, default: fallback))
            guard count % 2 == 0 else { throw file.wrong(key, "an even number", .integer(count)) }
            return count
        case .fraction(let key, let fallback):
            let outside = try file.optionalNumber(key)
            let inside = try section?.optionalNumber("partial_rotary_factor")
            let fraction = inside ?? outside ?? fallback
            guard fraction > 0, fraction <= 1 else {
                throw ModelError(
                    .invalidField, "\(file.path): a fraction of \(fraction) of each head cannot turn",
                    hint: "correct \(factorKeys(key))")
            }
            let count = Int(Double(dHead) * fraction)
            guard count % 2 == 0 || rotary.allowsOddWidth else {
                throw ModelError(
                    .invalidField, "\(file.path): \(count) components of each head would turn, which are no pairs",
                    hint: "correct \(factorKeys(key))")
            }
            return count
        }
    }

    private func factorKeys(_ key: String) -> String {
        key == "partial_rotary_factor" ? key : "\(key) or partial_rotary_factor"
    }

    private var widthKey: String {
        switch rotary.width {
        case .whole: "head_dim"
        case .count(let key, _), .fraction(let key, _): key
        }
    }

    /// The context that the model was trained with first. Outside of the section it counts before the one inside.
    private func original(_ section: ConfigurationFile) throws(ModelError) -> Double {
        let outside = rotary.windowBase == nil ? try file.optionalNumber("original_max_position_embeddings") : nil
        let inside = try section.optionalNumber("original_max_position_embeddings")
        let original = outside ?? rotary.defaultOriginalContext ?? inside ?? Double(contextLength)
        guard original > 0 else {
            throw section.wrong("original_max_position_embeddings", "a number above 0", .number("\(original)"))
        }
        return original
    }

    /// Llama 3's scaling. Slow components are stretched, fast ones are kept, and those between are blended.
    private func llama3(_ plain: [Double], _ section: ConfigurationFile) throws(ModelError) -> [Double] {
        let context = try original(section)
        let factor = try section.positive("factor")
        let low = try section.positive("low_freq_factor")
        let high = try section.positive("high_freq_factor")
        return plain.map { frequency in
            let wavelength = 2 * Double.pi / frequency
            if wavelength < context / high { return frequency }
            if wavelength > context / low { return frequency / factor }
            let smooth = (context / wavelength - low) / (high - low)
            return (1 - smooth) * frequency / factor + smooth * frequency
        }
    }

    /// Angles of the whole head for a part of its components; the others do not turn.
    private func proportional(_ base: Double, _ section: ConfigurationFile) throws(ModelError) -> [Double] {
        let outside = try file.optionalNumber("partial_rotary_factor")
        let fraction = try section.optionalNumber("partial_rotary_factor") ?? outside ?? 1
        let factor = section.json("factor") == nil ? 1 : try section.positive("factor")
        guard fraction >= 0, fraction <= 1 else {
            throw section.wrong("partial_rotary_factor", "a number from 0 to 1", .number("\(fraction)"))
        }
        let turning = Int((fraction * Double(dHead) / 2).rounded(.down))
        return (0..<dHead / 2).map { $0 < turning ? pow(base, -Double(2 * $0) / Double(dHead)) / factor : 0 }
    }
}
