// SPDX-License-Identifier: Apache-2.0

import CSuture

// Values of a run in both directions. Host and plugins use the same code.

extension EditCase {
    package init(_ c: UnsafePointer<suture_edit_case>) {
        func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
        self.init(
            index: Int(c.pointee.index), id: text(c.pointee.id), prompt: text(c.pointee.prompt),
            subject: text(c.pointee.subject), targetNew: text(c.pointee.target_new),
            targetTrue: text(c.pointee.target_true), answer: text(c.pointee.answer),
            paraphrasePrompts: strings(c.pointee.paraphrase_prompts, c.pointee.paraphrase_count),
            neighborhoodPrompts: strings(c.pointee.neighborhood_prompts, c.pointee.neighborhood_count),
            generationPrompts: strings(c.pointee.generation_prompts, c.pointee.generation_count),
            attributePrompts: strings(c.pointee.attribute_prompts, c.pointee.attribute_count),
            neighborSamples: elements(c.pointee.neighbor_samples, c.pointee.neighbor_sample_count, Neighbor.init),
            generations: elements(c.pointee.marked_texts, c.pointee.marked_text_count, MarkedText.init))
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_edit_case> {
        func text(_ value: String) -> UnsafePointer<CChar>? { value.isEmpty ? nil : arena.string(value) }
        return arena.value(
            suture_edit_case(
                struct_size: MemoryLayout<suture_edit_case>.size, index: Int64(index), id: arena.string(id),
                prompt: text(prompt), subject: text(subject), target_new: text(targetNew),
                target_true: text(targetTrue), answer: text(answer),
                paraphrase_count: Int64(paraphrasePrompts.count),
                paraphrase_prompts: arena.strings(paraphrasePrompts),
                neighborhood_count: Int64(neighborhoodPrompts.count),
                neighborhood_prompts: arena.strings(neighborhoodPrompts),
                generation_count: Int64(generationPrompts.count),
                generation_prompts: arena.strings(generationPrompts),
                attribute_count: Int64(attributePrompts.count),
                attribute_prompts: arena.strings(attributePrompts),
                neighbor_sample_count: Int64(neighborSamples.count),
                neighbor_samples: arena.array(neighborSamples.map { $0.c(in: arena) }),
                marked_text_count: Int64(generations.count),
                marked_texts: arena.array(generations.map { $0.c(in: arena) })))
    }
}

/// The values of a counted C array of pointers.
private func elements<C, Value>(
    _ start: UnsafePointer<UnsafePointer<C>>?, _ count: Int64, _ make: (UnsafePointer<C>) -> Value
) -> [Value] {
    UnsafeBufferPointer(start: start, count: start == nil ? 0 : Int(count)).map(make)
}

extension Neighbor {
    init(_ c: UnsafePointer<suture_neighbor>) {
        self.init(
            prompt: String(cString: c.pointee.prompt), subject: String(cString: c.pointee.subject),
            target: String(cString: c.pointee.target))
    }

    func c(in arena: CArena) -> UnsafePointer<suture_neighbor> {
        arena.value(
            suture_neighbor(
                struct_size: MemoryLayout<suture_neighbor>.size, prompt: arena.string(prompt),
                subject: arena.string(subject), target: arena.string(target)))
    }
}

extension MarkedText {
    init(_ c: UnsafePointer<suture_marked_text>) {
        let bounds = UnsafeBufferPointer(start: c.pointee.marks, count: 2 * Int(c.pointee.mark_count))
        self.init(
            prompt: String(cString: c.pointee.prompt), text: String(cString: c.pointee.text),
            marks: stride(from: 0, to: bounds.count, by: 2).map {
                Int(bounds[$0])..<max(Int(bounds[$0]), Int(bounds[$0 + 1]))
            })
    }

    func c(in arena: CArena) -> UnsafePointer<suture_marked_text> {
        arena.value(
            suture_marked_text(
                struct_size: MemoryLayout<suture_marked_text>.size, prompt: arena.string(prompt),
                text: arena.string(text), mark_count: Int64(marks.count),
                marks: arena.array(marks.flatMap { [Int64($0.lowerBound), Int64($0.upperBound)] })))
    }
}

extension [MarkedText] {
    package init(_ c: UnsafePointer<suture_texts>) {
        self = elements(c.pointee.items, c.pointee.count, MarkedText.init)
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_texts> {
        arena.value(
            suture_texts(
                struct_size: MemoryLayout<suture_texts>.size, count: Int64(count),
                items: arena.array(map { $0.c(in: arena) })))
    }
}

extension Mark {
    package init(_ c: UnsafePointer<suture_mark>) {
        let start = Int(c.pointee.start)
        self.init(text: Int(c.pointee.text), bytes: start..<max(start, Int(c.pointee.end)))
    }

    package var c: suture_mark {
        suture_mark(
            struct_size: MemoryLayout<suture_mark>.size, text: Int64(text), start: Int64(bytes.lowerBound),
            end: Int64(bytes.upperBound))
    }
}

extension [EditCase] {
    package init(_ c: UnsafePointer<suture_cases>) {
        self = UnsafeBufferPointer(start: c.pointee.items, count: Int(c.pointee.count)).map { EditCase($0) }
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_cases> {
        arena.value(
            suture_cases(
                struct_size: MemoryLayout<suture_cases>.size, count: Int64(count),
                items: arena.array(map { $0.c(in: arena) })))
    }
}

extension Location {
    /// Nil when the site or the layer is not one that this kit knows.
    package init?(_ c: UnsafePointer<suture_location>) {
        guard let kind = Site.Kind(rawValue: c.pointee.site), !kind.hasLayer || c.pointee.layer >= 0 else { return nil }
        self.init(
            Site(kind, layer: Int(c.pointee.layer)),
            caseIndex: c.pointee.case_index >= 0 ? Int(c.pointee.case_index) : nil,
            position: c.pointee.position >= 0 ? Int(c.pointee.position) : nil,
            role: Role(rawValue: c.pointee.role) ?? .none,
            unit: c.pointee.unit >= 0 ? Int(c.pointee.unit) : nil, score: c.pointee.score,
            isSelected: c.pointee.flags & SUTURE_LOCATION_SELECTED != 0)
    }

    package var c: suture_location {
        suture_location(
            struct_size: MemoryLayout<suture_location>.size, case_index: Int64(caseIndex ?? -1),
            site: site.kind.rawValue, layer: Int32(site.layer ?? -1), position: Int64(position ?? -1),
            role: role.rawValue, flags: isSelected ? SUTURE_LOCATION_SELECTED : 0, unit: Int64(unit ?? -1),
            score: score)
    }
}

extension [Location] {
    package init(_ c: UnsafePointer<suture_locations>) {
        self = UnsafeBufferPointer(start: c.pointee.items, count: Int(c.pointee.count)).compactMap { Location($0) }
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_locations> {
        arena.value(
            suture_locations(
                struct_size: MemoryLayout<suture_locations>.size, count: Int64(count),
                items: arena.array(map { arena.value($0.c) })))
    }
}

extension Delta {
    /// Shares the tensors.
    package init(_ c: UnsafePointer<suture_delta>) throws(SutureError) {
        let name = String(cString: c.pointee.parameter)
        func part(_ handle: OpaquePointer?, _ what: String) throws(SutureError) -> Tensor {
            guard let handle else {
                throw SutureError(
                    .invalidArgument, "a change of \(name) has no \(what)",
                    hint: "set \(what) in suture_delta for this form")
            }
            return try Tensor(borrowing: handle)
        }
        switch c.pointee.form {
        case SUTURE_DELTA_LOW_RANK:
            self.init(
                name, .lowRank(left: try part(c.pointee.left, "left"), right: try part(c.pointee.right, "right")))
        case SUTURE_DELTA_ROWS:
            self.init(
                name, .rows(rows: try part(c.pointee.rows, "rows"), values: try part(c.pointee.values, "values")))
        case SUTURE_DELTA_DENSE:
            self.init(name, .dense(try part(c.pointee.values, "values")))
        default:
            throw SutureError(
                .unimplemented, "a change of \(name) has the unknown form \(c.pointee.form)",
                hint: "use a host that is at least as new as the plugin")
        }
    }

    /// Valid as long as this value and the arena.
    package func c(in arena: CArena) -> UnsafePointer<suture_delta> {
        var c = suture_delta(
            struct_size: MemoryLayout<suture_delta>.size, parameter: arena.string(parameter), form: 0, reserved: 0,
            left: nil, right: nil, rows: nil, values: nil)
        switch form {
        case .lowRank(let left, let right):
            (c.form, c.left, c.right) = (SUTURE_DELTA_LOW_RANK, left.handle, right.handle)
        case .rows(let rows, let values):
            (c.form, c.rows, c.values) = (SUTURE_DELTA_ROWS, rows.handle, values.handle)
        case .dense(let values):
            (c.form, c.values) = (SUTURE_DELTA_DENSE, values.handle)
        }
        return arena.value(c)
    }
}

extension Score {
    package init(_ c: UnsafePointer<suture_score>) {
        self.init(
            String(cString: c.pointee.name), c.pointee.value,
            caseIndex: c.pointee.case_index >= 0 ? Int(c.pointee.case_index) : nil, weight: c.pointee.weight)
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_score> {
        arena.value(
            suture_score(
                struct_size: MemoryLayout<suture_score>.size, case_index: Int64(caseIndex ?? -1),
                name: arena.string(name), value: value, weight: weight))
    }
}

extension [Score] {
    package init(_ c: UnsafePointer<suture_scores>) {
        self = UnsafeBufferPointer(start: c.pointee.items, count: Int(c.pointee.count)).map { Score($0) }
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_scores> {
        arena.value(
            suture_scores(
                struct_size: MemoryLayout<suture_scores>.size, count: Int64(count),
                items: arena.array(map { $0.c(in: arena) })))
    }
}

extension Metric {
    package init(_ c: UnsafePointer<suture_metric>) {
        self.init(
            String(cString: c.pointee.name), c.pointee.value, unit: String(cString: c.pointee.unit),
            n: Int(c.pointee.n), standardError: c.pointee.standard_error.isNaN ? nil : c.pointee.standard_error,
            direction: Direction(rawValue: c.pointee.direction) ?? .none,
            protocol: String(cString: c.pointee.protocol))
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_metric> {
        arena.value(
            suture_metric(
                struct_size: MemoryLayout<suture_metric>.size, name: arena.string(name), value: value,
                unit: arena.string(unit), n: Int64(n), standard_error: standardError ?? .nan,
                direction: direction.rawValue, reserved: 0, protocol: arena.string(`protocol`)))
    }
}

extension ParameterDeclaration {
    /// Nil when the type is not one that this kit knows.
    package init?(_ c: UnsafePointer<suture_parameter>) {
        guard let kind = Kind(rawValue: c.pointee.type) else { return nil }
        let flags = c.pointee.flags
        self.init(
            name: String(cString: c.pointee.name), kind: kind,
            isRequired: flags & SUTURE_PARAMETER_REQUIRED != 0, isOptional: flags & SUTURE_PARAMETER_OPTIONAL != 0,
            defaultJSON: c.pointee.default_json.map { String(cString: $0) },
            range: ParameterRange(
                minimum: c.pointee.minimum, maximum: c.pointee.maximum,
                excludesMinimum: flags & SUTURE_PARAMETER_EXCLUSIVE_MINIMUM != 0,
                excludesMaximum: flags & SUTURE_PARAMETER_EXCLUSIVE_MAXIMUM != 0),
            choices: strings(c.pointee.choices, c.pointee.choice_count), unit: String(cString: c.pointee.unit),
            help: String(cString: c.pointee.help), needs: EditCase.Fields(rawValue: c.pointee.needs),
            needsOtherwise: EditCase.Fields(rawValue: c.pointee.needs_otherwise),
            componentKind: c.pointee.component_kind)
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_parameter> {
        var flags: Int32 = 0
        if isRequired { flags |= SUTURE_PARAMETER_REQUIRED }
        if isOptional { flags |= SUTURE_PARAMETER_OPTIONAL }
        if range.excludesMinimum { flags |= SUTURE_PARAMETER_EXCLUSIVE_MINIMUM }
        if range.excludesMaximum { flags |= SUTURE_PARAMETER_EXCLUSIVE_MAXIMUM }
        return arena.value(
            suture_parameter(
                struct_size: MemoryLayout<suture_parameter>.size, name: arena.string(name), type: kind.rawValue,
                flags: flags, default_json: defaultJSON.map { arena.string($0) }, minimum: range.minimum,
                maximum: range.maximum, choice_count: Int64(choices.count), choices: arena.strings(choices),
                unit: arena.string(unit), help: arena.string(help), needs: needs.rawValue,
                needs_otherwise: needsOtherwise.rawValue, component_kind: componentKind, reserved: 0))
    }
}
