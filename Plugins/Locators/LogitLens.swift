// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What would the model say if it stopped after this layer? (CREME, Li et al. 2024, §2; nostalgebraist 2020.)
///
/// The residual stream after every layer, that of the embedding included, goes straight to the output layer. A score is the
/// probability (0 to 1) or the rank (1 is the most likely) of a word, each the mean over the word's tokens.
///
/// Cost: one pass over each prompt, and one output layer for every layer and position.
struct LogitLens: Locator {
    static let descriptor = ComponentDescriptor(
        id: "logit-lens", summary: "Reads words from the residual stream after every layer.", requires: [.prompt])

    @Parameter(
        "words",
        help: "Words to read: answer, bridge, wrong_answer, or a text of your own. If not given: the answer, and the "
            + "bridge where a case has one.")
    var words: [String]?

    @Parameter("positions", help: "Tokens at which words are read.")
    var positions = [PromptPosition.last]

    @Parameter(
        "final_norm",
        help:
            "Norm the stream as before the output layer. With false, only the stream after the last layer is normed, as "
            + "the authors of CREME have it.")
    var normsStream = true

    @Parameter("select", help: "Select the layer after which the answer is most likely, averaged over cases.")
    var selects = false

    @Parameter(.batchTokens) var tokenBudget = 2048

    func validate() throws {
        if positions.isEmpty || words?.isEmpty == true {
            throw SutureError(
                .invalidArgument, "logit-lens: \(positions.isEmpty ? "positions" : "words") is empty",
                hint: "name at least one, or leave the setting out")
        }
        if selects, let words, !words.contains("answer") {
            throw SutureError(
                .invalidArgument, "logit-lens: select chooses by the answer, which words does not list",
                hint: "add answer to words")
        }
    }

    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        let model = try session.model
        let rows = try cases.flatMap { try self.rows($0, model) }
        var cells: [[Location]] = rows.map { _ in [] }
        var done = 0
        for batch in TokenBatch.batches(ofLengths: rows.map(\.prompt.tokens.count), budget: tokenBudget) {
            try session.progress("locate", done, of: rows.count)
            try withoutGradients {
                for (place, found) in zip(batch, try read(batch.map { rows[$0] }, model)) { cells[place] = found }
            }
            done += batch.count
        }
        let found = cells.flatMap(\.self)
        let means = found.meansByRole()
        return found + means + (try selects ? selection(means) : [])
    }

    /// A prompt with the words that are read from it.
    private struct Row {
        var caseIndex: Int
        var prompt: PhrasedPrompt
        var positions: [(position: Int, role: Location.Role)]
        var words: [(name: String, tokens: [Int])]
        /// " after the guide", or nothing.
        var suffix: String
        /// Added to a position, so that a guide's tokens lie at those of the composition that they are aligned with.
        var shift: Int
    }

    private func rows(_ editCase: EditCase, _ model: Model) throws -> [Row] {
        func row(_ prompt: PhrasedPrompt, _ suffix: String, shift: Int) throws -> Row {
            var tokens: [(position: Int, role: Location.Role)] = []
            for position in positions {
                for token in try position.tokens(of: prompt, caseID: editCase.id)
                where !tokens.contains(where: { $0 == token }) && token.position + shift >= 0 { tokens.append(token) }
            }
            return Row(
                caseIndex: editCase.index, prompt: prompt, positions: tokens,
                words: try texts(editCase).map {
                    ($0.name, try model.continuation(of: prompt.text, by: $0.text).answer)
                }, suffix: suffix, shift: shift)
        }
        let prompt = try PhrasedPrompt(editCase, model)
        let rows = [try row(prompt, "", shift: 0)]
        guard editCase.fields.isSuperset(of: [.bridge, .secondHop]) else { return rows }
        let guide = try PhrasedPrompt(
            editCase.subjectGuide, of: editCase.secondHopPrompt, caseID: editCase.id, model)
        return rows + [try row(guide, " after the guide", shift: prompt.tokens.count - guide.tokens.count)]
    }

    /// The words of a case as they follow its prompt.
    private func texts(_ editCase: EditCase) throws -> [(name: String, text: String)] {
        func text(_ word: String) -> String? {
            func joined(_ text: String) -> String? { text.isEmpty ? nil : editCase.following(text) }
            return switch word {
            case "answer": editCase.expectedAnswer
            case "bridge": joined(editCase.bridge)
            case "wrong_answer": joined(editCase.wrongAnswer)
            default: joined(word)
            }
        }
        guard let words else {
            let found = ["answer", "bridge"].compactMap { name in text(name).map { ("the \(name)", $0) } }
            guard !found.isEmpty else {
                throw SutureError(
                    .invalidArgument, "logit-lens: case \(editCase.id) has neither an answer nor a bridge",
                    hint: "give words of your own")
            }
            return found
        }
        return try words.compactMap { word in
            guard let text = text(word) else {
                // Only some cases have a wrong answer.
                if word == "wrong_answer" { return nil }
                throw SutureError(
                    .invalidArgument, "logit-lens: case \(editCase.id) has no \(word)",
                    hint: "take \(word) out of words, or use a data set that has it")
            }
            return (
                ["answer", "bridge", "wrong_answer"].contains(word)
                    ? "the \(word.replacing("_", with: " "))" : "\"\(word)\"", text
            )
        }
    }

    /// The output layer is run over so many rows at once.
    private static let headRows = 256

    private func read(_ rows: [Row], _ model: Model) throws -> [[Location]] {
        let layers = model.info.layerCount
        let sites = [Site.embedding] + (0..<layers).map { Site.residualOut($0) }
        let tokens = TokenPositions(
            rows.enumerated().flatMap { i, row in row.positions.map { TokenIndex(row: i, position: $0.position) } })
        guard !tokens.isEmpty else { return rows.map { _ in [] } }
        var pass = Forward(try TokenBatch(rows.map(\.prompt.tokens)), logits: .none)
        pass.captures = sites.map { Capture($0, at: tokens) }
        let streams = try model.forward(pass).captures
        var cells: [[Location]] = rows.map { _ in [] }
        // Which row and which of its positions each captured token is.
        let owners = rows.enumerated().flatMap { i, row in row.positions.map { (row: i, token: $0) } }
        for (depth, site) in sites.enumerated() {
            let isNormed = normsStream || depth == layers
            for start in stride(from: 0, to: owners.count, by: LogitLens.headRows) {
                let part = start..<min(start + LogitLens.headRows, owners.count)
                let logits = try model.words(of: streams[depth].sliced(0, part), isNormed: isNormed)
                for (i, owner) in owners[part].enumerated() {
                    let row = rows[owner.row]
                    for word in row.words {
                        let reading = try logits.sliced(0, i..<i + 1).readings(of: word.tokens)[0]
                        for (quantity, score) in [("probability", reading.probability), ("rank", reading.rank)] {
                            cells[owner.row].append(
                                Location(
                                    site, caseIndex: row.caseIndex, position: owner.token.position + row.shift,
                                    role: owner.token.role, measure: "\(quantity) of \(word.name)\(row.suffix)",
                                    score: score, isSelected: false))
                        }
                    }
                }
            }
        }
        return cells
    }

    /// The layer after which the mean probability of the answer is largest.
    private func selection(_ means: [Location]) throws -> [Location] {
        let candidates = means.filter {
            $0.measure == "probability of the answer" && $0.site.kind == .residualOut
                && ($0.role == .last || !positions.contains(.last) && !positions.contains(.all))
        }
        guard var best = candidates.max(by: { $0.score < $1.score }) else {
            throw SutureError(
                .failedPrecondition, "logit-lens: no case has an answer by which a layer could be selected",
                hint: "leave select out, or use a data set with an answer")
        }
        best.isSelected = true
        return [best]
    }
}

extension Model {
    /// The logits `[n, vocabulary]` of values of the residual stream `[n, dModel]`, as if the last block had given them.
    ///
    /// - Parameter isNormed: whether the final norm comes before the output layer.
    func words(of stream: Tensor, isNormed: Bool) throws(SutureError) -> Tensor {
        let rows = try stream.unsqueezed(1)
        var pass = Forward(
            .residual(rows, lengths: IntegerVector(repeatElement(1, count: stream.shape[0]))),
            layers: info.layerCount..<info.layerCount, logits: .last)
        if !isNormed { pass.interventions = [Intervention(.finalNorm, .replace(rows))] }
        return try logits(pass)
    }
}
