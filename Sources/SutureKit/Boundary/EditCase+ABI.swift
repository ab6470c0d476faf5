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
        bridge = text(c.bridge)
        firstHopPrompt = text(c.first_hop_prompt)
        secondHopPrompt = text(c.second_hop_prompt)
        wrongAnswer = text(c.wrong_answer)
        for question in try foreignElements(c.related, c.related_count, in: "suture_edit_case.related") {
            related.append(try Question(question))
        }
        for question in try foreignElements(c.unrelated, c.unrelated_count, in: "suture_edit_case.unrelated") {
            unrelated.append(try Question(question))
        }
        for probe in try foreignElements(c.probes, c.probe_count, in: "suture_edit_case.probes") {
            probes.append(try Probe(probe))
        }
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_edit_case> {
        func text(_ value: String) -> UnsafePointer<CChar>? { value.isEmpty ? nil : arena.string(value) }
        return arena.make(suture_edit_case.self) {
            $0.index = Int64(index)
            $0.id = arena.string(id)
            $0.prompt = text(prompt)
            $0.subject = text(subject)
            $0.target_new = text(targetNew)
            $0.target_true = text(targetTrue)
            $0.answer = text(answer)
            $0.paraphrase_count = Int64(paraphrasePrompts.count)
            $0.paraphrase_prompts = arena.strings(paraphrasePrompts)
            $0.neighborhood_count = Int64(neighborhoodPrompts.count)
            $0.neighborhood_prompts = arena.strings(neighborhoodPrompts)
            $0.generation_count = Int64(generationPrompts.count)
            $0.generation_prompts = arena.strings(generationPrompts)
            $0.attribute_count = Int64(attributePrompts.count)
            $0.attribute_prompts = arena.strings(attributePrompts)
            $0.neighbor_sample_count = Int64(neighborSamples.count)
            $0.neighbor_samples = arena.array(neighborSamples.map { $0.c(in: arena) })
            $0.marked_text_count = Int64(generations.count)
            $0.marked_texts = arena.array(generations.map { $0.c(in: arena) })
            $0.bridge = text(bridge)
            $0.first_hop_prompt = text(firstHopPrompt)
            $0.second_hop_prompt = text(secondHopPrompt)
            $0.wrong_answer = text(wrongAnswer)
            $0.related_count = Int64(related.count)
            $0.related = arena.array(related.map { $0.c(in: arena) })
            $0.unrelated_count = Int64(unrelated.count)
            $0.unrelated = arena.array(unrelated.map { $0.c(in: arena) })
            $0.probe_count = Int64(probes.count)
            $0.probes = arena.array(probes.map { $0.c(in: arena) })
        }
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
        arena.make(suture_neighbor.self) {
            $0.prompt = arena.string(prompt)
            $0.subject = arena.string(subject)
            $0.target = arena.string(target)
        }
    }
}

extension Question: Crossing {
    package init(_ c: Foreign<suture_question>) throws(SutureError) {
        self.init(
            prompt: try foreignText(c.prompt, "suture_question.prompt"),
            answer: try foreignText(c.answer, "suture_question.answer"))
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_question> {
        arena.make(suture_question.self) {
            $0.prompt = arena.string(prompt)
            $0.answer = arena.string(answer)
        }
    }
}

extension Probe: Crossing {
    package init(_ c: Foreign<suture_probe>) throws(SutureError) {
        guard let expectation = Expectation(rawValue: c.expectation) else {
            throw SutureError(
                .invalidArgument, "suture_probe.expectation is \(c.expectation), which is none of SUTURE_PROBE_…",
                hint: "set it to SUTURE_PROBE_FOLLOWS or SUTURE_PROBE_STAYS")
        }
        self.init(
            kind: try foreignText(c.kind, "suture_probe.kind"),
            prompt: try foreignText(c.prompt, "suture_probe.prompt"),
            expectation: expectation,
            answers: try foreignTexts(c.answers, c.answer_count, in: "suture_probe.answers"))
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_probe> {
        arena.make(suture_probe.self) {
            $0.kind = arena.string(kind)
            $0.prompt = arena.string(prompt)
            $0.expectation = expectation.rawValue
            $0.answer_count = Int64(answers.count)
            $0.answers = arena.strings(answers)
        }
    }
}
