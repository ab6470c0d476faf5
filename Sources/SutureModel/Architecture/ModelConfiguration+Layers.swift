// SPDX-License-Identifier: Apache-2.0

extension ModelConfiguration {
    /// How far each layer looks back, and how it turns queries and keys.
    static func layers(
        _ file: ConfigurationFile, _ architecture: ArchitectureDescription, layerCount: Int
    ) throws(ModelError) -> [Layer] {
        var turns = Array(repeating: false, count: layerCount)
        var windowsTurnAlone = false
        if case .rotary(let rotary) = architecture.positions {
            turns =
                try rotary.skipped.map { skipped throws(ModelError) in
                    try turningLayers(file, skipped, layerCount: layerCount)
                } ?? Array(repeating: true, count: layerCount)
            windowsTurnAlone = rotary.windowBase != nil
        }
        let windows = try windows(file, architecture.window, turns: turns)
        return (0..<layerCount).map { index in
            let rotary = windowsTurnAlone && windows[index] != nil ? 1 : 0
            return Layer(window: windows[index], rotary: turns[index] ? rotary : nil)
        }
    }

    private static func turningLayers(
        _ file: ConfigurationFile, _ skipped: ArchitectureDescription.SkippedLayers, layerCount: Int
    ) throws(ModelError) -> [Bool] {
        let setting = ArchitectureDescription.Setting(skipped.intervalKey, default: skipped.interval)
        let interval = try file.requiredSize(setting)
        guard let list = try file.optionalIntegerList(skipped.listKey) else {
            return (0..<layerCount).map { ($0 + 1) % interval != 0 }
        }
        guard list.count >= layerCount else {
            throw ModelError(
                .invalidField,
                "\(file.path): \"\(skipped.listKey)\" has \(list.count) entries for \(layerCount) layers",
                hint: "correct the file")
        }
        return list.prefix(layerCount).map { $0 != 0 }
    }

    /// How far each layer looks back; nil: to the first token.
    private static func windows(
        _ file: ConfigurationFile, _ window: ArchitectureDescription.Window, turns: [Bool]
    ) throws(ModelError) -> [Int?] {
        let kinds = try layerKinds(file, layerCount: turns.count)
        func width(_ fallback: Int?, isSwitched: Bool) throws(ModelError) -> Int? {
            let isOn = try file.boolean("use_sliding_window", default: !isSwitched)
            guard isOn || !isSwitched else {
                // Any number may stand there while the windows are off.
                _ = try file.optionalInteger("sliding_window")
                return nil
            }
            return try file.size(ArchitectureDescription.Setting("sliding_window", default: fallback, allowsNull: true))
        }
        switch window {
        case .none:
            guard kinds?.contains(slidingKind) != true else {
                throw ModelError(
                    .unsupportedOption,
                    "\(file.path): \"layer_types\" names layers of \(slidingKind), which this family has not",
                    hint: "use a model in which all are full_attention")
            }
            return turns.map { _ in nil }
        case .allLayers(let fallback, let isSwitched):
            let width = try width(fallback, isSwitched: isSwitched)
            return turns.map { _ in width }
        case .someLayers(let fallback, let rule, let isSwitched):
            let width = try width(fallback, isSwitched: isSwitched)
            let ruled = try slidingLayers(file, rule, turns, hasWidth: width != nil)
            let slides = kinds?.map { $0 == slidingKind } ?? ruled
            guard slides.contains(true) else { return turns.map { _ in nil } }
            guard let width else {
                throw ModelError(
                    .invalidField,
                    "\(file.path): \"layer_types\" names layers of \(slidingKind), but \"sliding_window\" is off",
                    hint: "set use_sliding_window and sliding_window, or take layer_types out")
            }
            return slides.map { $0 ? width : nil }
        }
    }

    /// Which layers have a window, by the family's rule.
    private static func slidingLayers(
        _ file: ConfigurationFile, _ rule: ArchitectureDescription.WindowRule, _ turns: [Bool], hasWidth: Bool
    ) throws(ModelError) -> [Bool] {
        func first(_ fallback: Int) throws(ModelError) -> Int {
            try file.optionalInteger("max_window_layers") ?? fallback
        }
        switch rule {
        case .from(let fallback):
            let first = try first(fallback)
            return turns.indices.map { hasWidth && $0 >= first }
        case .evenBelow(let fallback):
            let end = try first(fallback)
            return turns.indices.map { hasWidth && $0 % 2 == 0 && $0 < end }
        case .allButEvery(let fallback, let key):
            let setting = key.map { ArchitectureDescription.Setting($0, default: fallback) }
            let interval = try setting.map { s throws(ModelError) in try file.requiredSize(s) } ?? fallback
            return turns.indices.map { ($0 + 1) % interval != 0 }
        case .withoutPositions:
            let isOn = try file.boolean("use_sliding_window", default: false)
            return turns.map { isOn && hasWidth && !$0 }
        }
    }

    private static let slidingKind = "sliding_attention"

    /// The kind of attention of each layer; nil where config.json does not say.
    private static func layerKinds(_ file: ConfigurationFile, layerCount: Int) throws(ModelError) -> [String]? {
        guard let kinds = try file.optionalTexts("layer_types") else { return nil }
        let known = ["full_attention", "attention", slidingKind]
        if let unknown = kinds.first(where: { !known.contains($0) }) {
            throw ModelError(
                .unsupportedOption, "\(file.path): \"layer_types\" has \"\(unknown)\", which is not supported",
                hint: "supported are full_attention and \(slidingKind)")
        }
        guard kinds.count == layerCount else {
            throw ModelError(
                .invalidField, "\(file.path): \"layer_types\" has \(kinds.count) entries for \(layerCount) layers",
                hint: "correct the file")
        }
        return kinds
    }
}
