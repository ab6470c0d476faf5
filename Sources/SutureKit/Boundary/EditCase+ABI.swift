// SPDX-License-Identifier: Apache-2.0

import CSuture

extension EditCase: Crossing {
    package init(_ c: Foreign<suture_edit_case>) throws(SutureError) {
        func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
        self.init(
            index: Int(c.index), id: try foreignText(c.id, "suture_edit_case.id"), prompt: text(c.prompt),
            subject: text(c.subject), targetNew: text(c.target_new), targetTrue: text(c.target_true),
            answer: text(c.answer),
            paraphrasePrompts: try foreignTexts(
                c.paraphrase_prompts, c.paraphrase_count, in: "suture_edit_case.paraphrase_prompts"),
            neighborhoodPrompts: try foreignTexts(
                c.neighborhood_prompts, c.neighborhood_count, in: "suture_edit_case.neighborhood_prompts"),
            generationPrompts: try foreignTexts(
                c.generation_prompts, c.generation_count, in: "suture_edit_case.generation_prompts"),
            attributePrompts: try foreignTexts(
                c.attribute_prompts, c.attribute_count, in: "suture_edit_case.attribute_prompts"))
        for neighbor in try foreignElements(
            c.neighbor_samples, c.neighbor_sample_count, in: "suture_edit_case.neighbor_samples")
        {
            neighborSamples.append(try Neighbor(neighbor))
        }
        for text in try foreignElements(c.marked_texts, c.marked_text_count, in: "suture_edit_case.marked_texts") {
            generations.append(try MarkedText(text))
        }
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

extension Neighbor: Crossing {
    package init(_ c: Foreign<suture_neighbor>) throws(SutureError) {
        self.init(
            prompt: try foreignText(c.prompt, "suture_neighbor.prompt"),
            subject: try foreignText(c.subject, "suture_neighbor.subject"),
            target: try foreignText(c.target, "suture_neighbor.target"))
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_neighbor> {
        arena.value(
            suture_neighbor(
                struct_size: MemoryLayout<suture_neighbor>.size, prompt: arena.string(prompt),
                subject: arena.string(subject), target: arena.string(target)))
    }
}
