// SPDX-License-Identifier: Apache-2.0

/// One request to edit: a prompt, its subject, the wanted object, and what a data set knows around it.
///
/// A component declares which fields it needs (``ComponentDescriptor/requires``); the host checks the data against that
/// before the model is loaded, so a required field may be used without a check.
public struct EditCase: Sendable, Hashable, Codable {
    /// Fields that a data set may have, and a component may need.
    public struct Fields: OptionSet, Sendable, Hashable, Codable {
        /// One bit for each field, as in the ABI.
        public let rawValue: UInt64
        /// The fields of these bits; bits that no field has are kept and mean nothing.
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        /// ``EditCase/prompt``
        public static let prompt = Fields(rawValue: 1 << 0)
        /// ``EditCase/subject``
        public static let subject = Fields(rawValue: 1 << 1)
        /// ``EditCase/targetNew``
        public static let targetNew = Fields(rawValue: 1 << 2)
        /// ``EditCase/targetTrue``
        public static let targetTrue = Fields(rawValue: 1 << 3)
        /// ``EditCase/paraphrasePrompts``
        public static let paraphrases = Fields(rawValue: 1 << 4)
        /// ``EditCase/neighborhoodPrompts``
        public static let neighbors = Fields(rawValue: 1 << 5)
        /// ``EditCase/generationPrompts``
        public static let generation = Fields(rawValue: 1 << 6)
        /// ``EditCase/attributePrompts``
        public static let attributes = Fields(rawValue: 1 << 7)
        /// ``EditCase/answer``
        public static let answer = Fields(rawValue: 1 << 8)
        /// ``EditCase/neighborSamples``
        public static let neighborSamples = Fields(rawValue: 1 << 9)
        /// ``EditCase/generations``
        public static let generations = Fields(rawValue: 1 << 10)
        /// ``EditCase/bridge``
        public static let bridge = Fields(rawValue: 1 << 11)
        /// ``EditCase/firstHopPrompt``
        public static let firstHop = Fields(rawValue: 1 << 12)
        /// ``EditCase/secondHopPrompt``
        public static let secondHop = Fields(rawValue: 1 << 13)
        /// ``EditCase/wrongAnswer``
        public static let wrongAnswer = Fields(rawValue: 1 << 14)
        /// ``EditCase/related``
        public static let related = Fields(rawValue: 1 << 15)
        /// ``EditCase/unrelated``
        public static let unrelated = Fields(rawValue: 1 << 16)
        /// ``EditCase/probes``
        public static let probes = Fields(rawValue: 1 << 17)

        /// Each field with its name in experiment files and sentences, and whether a case has it.
        static let table: [(name: CodingKeys, field: Fields, isPresent: @Sendable (EditCase) -> Bool)] = [
            (.prompt, .prompt, { !$0.prompt.isEmpty }),
            (.subject, .subject, { !$0.subject.isEmpty }),
            (.targetNew, .targetNew, { !$0.targetNew.isEmpty }),
            (.targetTrue, .targetTrue, { !$0.targetTrue.isEmpty }),
            (.paraphrasePrompts, .paraphrases, { !$0.paraphrasePrompts.isEmpty }),
            (.neighborhoodPrompts, .neighbors, { !$0.neighborhoodPrompts.isEmpty }),
            (.generationPrompts, .generation, { !$0.generationPrompts.isEmpty }),
            (.attributePrompts, .attributes, { !$0.attributePrompts.isEmpty }),
            (.answer, .answer, { !$0.answer.isEmpty }),
            (.neighborSamples, .neighborSamples, { !$0.neighborSamples.isEmpty }),
            (.generations, .generations, { !$0.generations.isEmpty }),
            (.bridge, .bridge, { !$0.bridge.isEmpty }),
            (.firstHopPrompt, .firstHop, { !$0.firstHopPrompt.isEmpty }),
            (.secondHopPrompt, .secondHop, { !$0.secondHopPrompt.isEmpty }),
            (.wrongAnswer, .wrongAnswer, { !$0.wrongAnswer.isEmpty }),
            (.related, .related, { !$0.related.isEmpty }),
            (.unrelated, .unrelated, { !$0.unrelated.isEmpty }),
            (.probes, .probes, { !$0.probes.isEmpty }),
        ]

        /// Each field with its name in experiment files and sentences.
        public static let named: [(name: String, field: Fields)] = table.map { ($0.name.rawValue, $0.field) }

        /// The names of the fields that are set.
        public var names: [String] { Fields.named.filter { contains($0.field) }.map(\.name) }
    }

    enum CodingKeys: String, CodingKey {
        case index
        case id = "case_id"
        case prompt, subject
        case targetNew = "target_new"
        case targetTrue = "target_true"
        case answer
        case paraphrasePrompts = "paraphrase_prompts"
        case neighborhoodPrompts = "neighborhood_prompts"
        case generationPrompts = "generation_prompts"
        case attributePrompts = "attribute_prompts"
        case neighborSamples = "neighborhood_samples"
        case generations = "marked_generations"
        case bridge
        case firstHopPrompt = "first_hop_prompt"
        case secondHopPrompt = "second_hop_prompt"
        case wrongAnswer = "wrong_answer"
        case related, unrelated, probes
    }

    /// Position in the run, from 0.
    public var index: Int
    /// The data set's own name of the case.
    public var id: String
    /// A template with one `{}` for the subject; ends before the object. `{{` and `}}` are literal braces. Empty where the
    /// data set has none. What a model reads is ``filledPrompt``.
    public var prompt: String
    /// What the fact is about; fills the slot of the prompt. Empty where the data set has none.
    public var subject: String
    /// The object to write, without its leading space.
    public var targetNew: String
    /// The object that the model knows.
    public var targetTrue: String
    /// A whole reference answer, as it follows the prompt: nothing is put between the two. Where a data set has an
    /// object to write, the ``joint`` and the object.
    public var answer: String
    /// Other wordings of the prompt, with the subject filled in; the edit must hold for them, too.
    public var paraphrasePrompts: [String]
    /// Prompts of the same relation about other subjects, whose object is ``targetTrue``.
    public var neighborhoodPrompts: [String]
    /// Openings about the subject, which the model continues freely.
    public var generationPrompts: [String]
    /// Prompts about other subjects whose object is ``targetNew``.
    public var attributePrompts: [String]
    /// Neighbours that a method may learn from, so that it leaves others of their kind as they are.
    public var neighborSamples: [Neighbor]
    /// What the model itself said after a prompt, with what is unwanted in it (negative training).
    public var generations: [MarkedText]
    /// In a composition of two facts: what the first fact leads to ("France"). The subject is then a phrase that describes
    /// it ("the country where Lyon is"), so that prompt and subject make the composition.
    public var bridge: String
    /// A prompt for the first fact alone, whose answer is the ``bridge``: "Lyon is a city in the country
    /// of".
    public var firstHopPrompt: String
    /// A template with one `{}` for the ``bridge``, which asks for the second fact alone. Its answer is that of the
    /// composition.
    public var secondHopPrompt: String
    /// What the model says in place of ``targetNew`` before the edit, without its leading space.
    public var wrongAnswer: String
    /// Compositions with the same first fact and another second one, which the edit should help, too.
    public var related: [Question]
    /// Compositions that have nothing to do with this one, whose answers must stay as they are.
    public var unrelated: [Question]
    /// Questions about what else the edit should have changed, or should have left alone.
    public var probes: [Probe]

    /// A case of these fields. A field that is left out is one that the data set does not have.
    public init(
        index: Int, id: String, prompt: String = "", subject: String = "", targetNew: String = "",
        targetTrue: String = "", answer: String = "", paraphrasePrompts: [String] = [],
        neighborhoodPrompts: [String] = [], generationPrompts: [String] = [], attributePrompts: [String] = [],
        neighborSamples: [Neighbor] = [], generations: [MarkedText] = [], bridge: String = "",
        firstHopPrompt: String = "", secondHopPrompt: String = "", wrongAnswer: String = "", related: [Question] = [],
        unrelated: [Question] = [], probes: [Probe] = []
    ) {
        self.index = index
        self.id = id
        self.prompt = prompt
        self.subject = subject
        self.targetNew = targetNew
        self.targetTrue = targetTrue
        self.answer = answer
        self.paraphrasePrompts = paraphrasePrompts
        self.neighborhoodPrompts = neighborhoodPrompts
        self.generationPrompts = generationPrompts
        self.attributePrompts = attributePrompts
        self.neighborSamples = neighborSamples
        self.generations = generations
        self.bridge = bridge
        self.firstHopPrompt = firstHopPrompt
        self.secondHopPrompt = secondHopPrompt
        self.wrongAnswer = wrongAnswer
        self.related = related
        self.unrelated = unrelated
        self.probes = probes
    }

    /// The prompt with the subject filled in. Where there is no subject, the prompt as it is, `{}` of its own included.
    public var filledPrompt: String { subject.isEmpty ? prompt : Template.fill(prompt, with: subject) }

    /// The finished prompt, and where in it the subject is; nil where the case has no subject, or its prompt no slot.
    public var subjectPrompt: SubjectPrompt? {
        subject.isEmpty ? nil : SubjectPrompt(template: prompt, subject: subject)
    }

    /// The prompt of the second fact with the bridge filled in. It guides a composition: the two end alike.
    public var guidePrompt: String { Template.fill(secondHopPrompt, with: bridge) }

    /// The finished prompt of the second fact, and where in it the bridge is; nil where the case has none.
    public var subjectGuide: SubjectPrompt? {
        bridge.isEmpty ? nil : SubjectPrompt(template: secondHopPrompt, subject: bridge)
    }

    /// What the data set puts between a prompt and an object: a space, or nothing. It is what ``answer`` has before the
    /// object. Where a case has an answer and no object, prompts and answers meet as they are.
    public var joint: String {
        if answer.isEmpty { return " " }
        return targetNew.isEmpty || answer.unicodeScalars.elementsEqual(targetNew.unicodeScalars) ? "" : " "
    }

    /// An object (``targetNew``, ``targetTrue``, the object of a neighbour, ``bridge``, ``wrongAnswer``) as it follows a
    /// prompt of this case: with the ``joint`` in front.
    public func following(_ object: String) -> String {
        joint.isEmpty || object.hasPrefix(joint) ? object : joint + object
    }

    /// The fields that this case has.
    public var fields: Fields {
        Fields.table.filter { $0.isPresent(self) }.reduce(into: []) { $0.insert($1.field) }
    }
}

/// Another subject of the same relation, to be left as it is while a case is edited.
public struct Neighbor: Sendable, Hashable, Codable {
    /// A template with one `{}` for the subject.
    public var prompt: String
    /// What fills the slot of the prompt.
    public var subject: String
    /// Its own object, without its leading space.
    public var target: String

    /// A neighbour with its own object.
    public init(prompt: String, subject: String, target: String) {
        self.prompt = prompt
        self.subject = subject
        self.target = target
    }

    /// The prompt with the subject filled in; as it is where there is no subject.
    public var filledPrompt: String { subject.isEmpty ? prompt : Template.fill(prompt, with: subject) }

    /// The finished prompt, and where in it the subject is; nil where there is no subject, or the prompt has no slot.
    public var subjectPrompt: SubjectPrompt? {
        subject.isEmpty ? nil : SubjectPrompt(template: prompt, subject: subject)
    }
}

/// A prompt with its right answer.
public struct Question: Sendable, Hashable, Codable {
    /// What is asked, whole.
    public var prompt: String
    /// As it follows the prompt: nothing is put between the two.
    public var answer: String

    /// A question with its answer.
    public init(prompt: String, answer: String) {
        self.prompt = prompt
        self.answer = answer
    }
}

/// A text that followed a prompt, with the parts of it that are unwanted.
public struct MarkedText: Sendable, Hashable, Codable {
    /// Empty where there was none.
    public var prompt: String
    /// What followed the prompt.
    public var text: String
    /// Ranges of bytes of the text's UTF-8. They do not overlap.
    public var marks: [Range<Int>]

    /// A text, by default with nothing unwanted in it and after no prompt.
    public init(prompt: String = "", text: String, marks: [Range<Int>] = []) {
        self.prompt = prompt
        self.text = text
        self.marks = marks
    }
}
