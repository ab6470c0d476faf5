// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport

@testable import AlphaEdit
@testable import Annotators
@testable import CREME
@testable import Evaluators
@testable import IME
@testable import Influence
@testable import LANCET
@testable import Locators
@testable import MEMIT
@testable import PMET
@testable import STAR
@testable import TNT
@testable import ValueEditing

/// A bundled component with settings under which it is quick on a tiny model.
enum LawSubject: String, CaseIterable {
    case fixedLayers, causalTrace, layerOcclusion, neuronAttribution, logitLens, promptExchange, suppression
    case activationPatching, attributionPatching
    case memit, rome, creme, pmet, alphaEdit, ime, star, mint, sgd, tnt, unlikelihood, negativeLikelihood, corrective
    case counterFact, zsRE, perplexity, drift, generationMatch, exactMatch, bleuEvaluator, rougeEvaluator, similarity
    case negatives, fluency, consistency, judgedText, phraseJudge, composition
    case unchanged, probes, negation, editExtent, sideEffects, overfitting, unwanted, diversity
    case wordList, corpusFrequency, pattern, nativeFunction, marksFile
    case lancet, gradientAscent, negativePreference, exampleUnlikelihood, retrain
    case gradientInfluence, tracIn, kfac, ekfac, linfac, tfidf, randomInfluence

    /// Cases with every field that a component may need.
    static let cases = TinyCases.complete

    /// The cases for this component on a model.
    func cases(on model: Model) throws -> [EditCase] {
        guard self == .causalTrace else { return LawSubject.cases }
        return Array(try TinyCases.known(to: model, among: TinyCases.make(40)).prefix(3))
    }

    /// Texts that annotators, judges and estimators see.
    static let texts = TinyCases.texts

    /// What a locator found, as far as the component needs it.
    var locations: [Location] {
        switch self {
        case .memit, .pmet, .alphaEdit, .ime: [1, 2].map(location)
        case .rome: [location(1)]
        case .creme: [1, 2].map { Location(.attentionOutput($0), role: .last, score: 1, isSelected: true) }
        case .mint: (0..<64).map { Location(.neurons(3), unit: $0, score: 1, isSelected: true) }
        case .star, .sgd: [5, 40].map { Location(.neurons(2), unit: $0, score: 1, isSelected: true) }
        default: []
        }
    }

    private func location(_ layer: Int) -> Location {
        Location(.neurons(layer), role: .subjectLast, score: 1, isSelected: true)
    }

    /// What fills the component's settings.
    var components: [String: any Component] {
        switch self {
        case .ime: ["base": memit()]
        case .tnt, .unlikelihood, .negativeLikelihood: ["annotator": FirstLetter()]
        case .negatives, .unwanted: ["annotator": words()]
        case .judgedText: ["judge": phrases()]
        case .sideEffects: ["repair": SGD()]
        default: [:]
        }
    }

    private var make: any Component.Type {
        switch self {
        case .fixedLayers: FixedLayers.self
        case .causalTrace: CausalTrace.self
        case .layerOcclusion: LayerOcclusion.self
        case .neuronAttribution: NeuronAttribution.self
        case .logitLens: LogitLens.self
        case .promptExchange: PromptExchange.self
        case .suppression: Suppression.self
        case .activationPatching: ActivationPatching.self
        case .attributionPatching: AttributionPatching.self
        case .memit: MEMIT.self
        case .rome: ROME.self
        case .creme: CREME.self
        case .pmet: PMET.self
        case .alphaEdit: AlphaEdit.self
        case .ime: IME.self
        case .star: STAR.self
        case .mint: MINT.self
        case .sgd: SGD.self
        case .tnt: TNT.self
        case .unlikelihood: Unlikelihood.self
        case .negativeLikelihood: NegativeLikelihood.self
        case .corrective: Corrective.self
        case .counterFact: CounterFact.self
        case .zsRE: ZsRE.self
        case .perplexity: Perplexity.self
        case .drift: Drift.self
        case .generationMatch: GenerationMatch.self
        case .exactMatch: ExactMatch.self
        case .bleuEvaluator: BLEUEvaluator.self
        case .rougeEvaluator: ROUGEEvaluator.self
        case .similarity: Similarity.self
        case .negatives: Negatives.self
        case .fluency: Fluency.self
        case .consistency: Consistency.self
        case .judgedText: JudgedText.self
        case .phraseJudge: PhraseJudge.self
        case .composition: Composition.self
        case .unchanged: Unchanged.self
        case .probes: Probes.self
        case .negation: Negation.self
        case .editExtent: EditExtent.self
        case .sideEffects: SideEffects.self
        case .overfitting: Overfitting.self
        case .unwanted: Unwanted.self
        case .diversity: Diversity.self
        case .wordList: WordList.self
        case .corpusFrequency: CorpusFrequency.self
        case .pattern: Pattern.self
        case .nativeFunction: NativeFunction.self
        case .marksFile: MarksFile.self
        case .lancet: LANCET.self
        case .gradientAscent: GradientAscent.self
        case .negativePreference: NegativePreference.self
        case .exampleUnlikelihood: ExampleUnlikelihood.self
        case .retrain: Retrain.self
        case .gradientInfluence: GradientInfluence.self
        case .tracIn: TracIn.self
        case .kfac: KFACInfluence.self
        case .ekfac: EKFACInfluence.self
        case .linfac: LinFAC.self
        case .tfidf: TFIDF.self
        case .randomInfluence: RandomInfluence.self
        }
    }

    /// The component, ready to be called.
    ///
    /// - Parameter scratch: for the files that some settings name.
    func component(in scratch: ScratchFolder) throws -> any Component {
        func file(_ name: String, _ text: String) throws -> FilePath {
            let url = scratch.url.appending(path: name)
            try Data(text.utf8).write(to: url)
            return FilePath(url.path)
        }
        switch make.init() {
        case let locator as FixedLayers:
            locator.layers = [1, 2]
            return locator
        case is MEMIT: return memit()
        case let rome as ROME:
            rome.contexts.given = [["{}"], ["The tower. {}"]]
            rome.values.steps = 3
            return rome
        case let pmet as PMET:
            pmet.contexts.given = [["{}"], ["The tower. {}"]]
            pmet.values.steps = 3
            return pmet
        case let alphaEdit as AlphaEdit:
            alphaEdit.contexts.given = [["{}"], ["The tower. {}"]]
            alphaEdit.values.steps = 3
            alphaEdit.traceShare = 0.3
            alphaEdit.ridge = 0.01
            return alphaEdit
        case let mint as MINT:
            // Enough for the tiny model's wrong tokens; a token that stays wrong leaves no change.
            mint.alpha = 20
            mint.maxPatches = 20
            return mint
        case let ime as IME:
            ime.base = ComponentReference(slot: "base")
            ime.iterations = 2
            return ime
        case let patcher as any NegativePatcher:
            patcher.texts.annotator = ComponentReference(slot: "annotator")
            patcher.texts.maxNewTokens = 6
            patcher.training.learningRate = 6e-3
            patcher.training.steps = 3
            return patcher
        case let patcher as Corrective:
            patcher.training.learningRate = 6e-3
            patcher.training.steps = 3
            return patcher
        case let patcher as any InfluencePatcher:
            patcher.recall.estimator = ComponentReference(slot: "estimator")
            patcher.recall.share = 0.3
            patcher.recall.percentile = 0
            patcher.optimizer.learningRate = 6e-3
            patcher.optimizer.steps = 3
            return patcher
        case let patcher as Retrain:
            patcher.optimizer.learningRate = 6e-3
            patcher.optimizer.steps = 3
            return patcher
        case let evaluator as Perplexity:
            evaluator.path = try file("text.txt", "The capital of Rome is Paris\nMount Etna\n")
            return evaluator
        case let evaluator as Similarity:
            evaluator.settings.maxNewTokens = 6
            return evaluator
        case let evaluator as Negatives:
            evaluator.annotator = ComponentReference(slot: "annotator")
            evaluator.settings.maxNewTokens = 6
            return evaluator
        case let evaluator as Unwanted:
            evaluator.annotator = ComponentReference(slot: "annotator")
            evaluator.path = try file(
                "prompts.json", #"[{"prompt": "Rome is", "answer": "Paris"}, {"prompt": "Etna"}]"#)
            evaluator.settings.maxNewTokens = 6
            return evaluator
        case let evaluator as Diversity:
            evaluator.path = try file("prompts.json", #"[{"prompt": "Rome is"}, {"prompt": "Etna"}]"#)
            (evaluator.sampleCount, evaluator.maxNewTokens) = (2, 6)
            return evaluator
        case let evaluator as JudgedText:
            evaluator.judge = ComponentReference(slot: "judge")
            evaluator.continuation.maxNewTokens = 6
            return evaluator
        case let evaluator as Fluency:
            evaluator.sampling.length = 16
            return evaluator
        case let evaluator as Consistency:
            evaluator.sampling.length = 16
            evaluator.references = try file("references.json", #"{"100": ["The capital of Rome"], "Rome": ["Etna"]}"#)
            evaluator.corpus = try file("corpus.txt", "The capital\nRome is\nMount Etna\n")
            return evaluator
        case let evaluator as SideEffects:
            evaluator.repair = ComponentReference(slot: "repair")
            // Enough to force most of the tiny model's wrong answers.
            evaluator.forcing.rate = 0.2
            return evaluator
        case is WordList: return words()
        case is PhraseJudge: return phrases()
        case let annotator as CorpusFrequency:
            annotator.path = try file("corpus.txt", "The capital of Rome\n")
            annotator.ceiling = 0
            return annotator
        case let annotator as Pattern:
            annotator.pattern = #"R\w+|\d+"#
            return annotator
        case let annotator as NativeFunction:
            annotator.library = "libc.so.6"
            annotator.symbol = "atoi"
            annotator.signature = "i32(str)"
            return annotator
        case let annotator as MarksFile:
            annotator.path = try file("marks.jsonl", #"{"text": "é Rome, Rome é", "marks": [[9, 13], [3, 7]]}"#)
            annotator.missing = .unmarked
            return annotator
        case let other: return other
        }
    }

    private func memit() -> MEMIT {
        let memit = MEMIT()
        memit.contexts.given = [["{}"], ["The tower. {}"]]
        memit.values.steps = 3
        return memit
    }

    private func words() -> WordList {
        let list = WordList()
        list.words = ["rome", "the capital"]
        return list
    }

    private func phrases() -> PhraseJudge {
        let judge = PhraseJudge()
        judge.phrases = ["Rome", "Paris"]
        return judge
    }

    /// The name of the component's type.
    var typeName: String { String(describing: make) }
}

/// Marks the first letter of every text.
struct FirstLetter: Annotator {
    static let descriptor = ComponentDescriptor(id: "first-letter", summary: "For tests.")

    func annotate(_ texts: [MarkedText], in _: Session) throws -> [[Range<Int>]] {
        texts.map { text in text.text.unicodeScalars.first.map { [0..<UTF8.width($0)] } ?? [] }
    }
}
