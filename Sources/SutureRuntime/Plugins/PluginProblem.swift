// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Something that keeps a library, or one of its components, from being used: a line of the catalogue.
public struct PluginProblem: Sendable, Hashable, Codable {
    /// The absolute path of the shared library.
    public var file: String
    /// Names file, component and field. One sentence.
    public var sentence: String
    /// What to do. Empty where nothing can be said.
    public var hint: String
    /// Set where the problem concerns one component alone.
    public var kind: ComponentKind?
    /// Set where the problem concerns one component alone.
    public var component: String?

    /// A problem of a file, or of one of its components.
    public init(
        file: String, sentence: String, hint: String = "", kind: ComponentKind? = nil, component: String? = nil
    ) {
        self.file = file
        self.sentence = sentence
        self.hint = hint
        self.kind = kind
        self.component = component
    }

    /// The same as an error, for a caller who needs this very library.
    public var error: RuntimeError { RuntimeError(.plugin, sentence, hint: hint) }
}
