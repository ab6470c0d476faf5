// SPDX-License-Identifier: Apache-2.0

import CSuture

/// An enumeration that is a setting: its cases are the texts that the experiment file may give.
///
///     enum Mode: String, ParameterChoice { case iterative, joint }
///
///     @Parameter("mode", help: "One failing token at a time, or all together.")
///     var mode = Mode.iterative
///
/// A type whose raw value is not a `String` says by ``choice`` what each case is called.
public protocol ParameterChoice: ParameterValue, ParameterListElement, CaseIterable {
    /// The text in the experiment file. Different for each case.
    var choice: String { get }
}

extension ParameterChoice where Self: RawRepresentable, RawValue == String {
    /// The raw value.
    public var choice: String { rawValue }
}

extension ParameterChoice {
    /// ``ParameterDeclaration/Kind/text``
    public static var parameterKind: ParameterDeclaration.Kind { .text }
    /// The texts of all cases.
    public static var parameterChoices: [String] { allCases.map(\.choice) }
    /// The first case. A setting has a value, so its type has a case.
    public static var placeholder: Self { allCases[allCases.startIndex] }
    /// The text of the case in quotes.
    public var json: String? { jsonQuoted(choice) }
    /// The case of a text; nil where no case has it.
    public init?(_ argument: Argument) {
        guard let text = String(argument), let value = Self(choice: text) else { return nil }
        self = value
    }

    /// ``ParameterDeclaration/Kind/texts``
    public static var listKind: ParameterDeclaration.Kind { .texts }
    /// The texts of all cases.
    public static var elementChoices: [String] { parameterChoices }
    /// The text of the case in quotes.
    public var elementJSON: String { jsonQuoted(choice) }
    /// The cases of a list of texts; nil where a text is that of no case.
    public static func list(_ argument: Argument) -> [Self]? {
        guard let texts = String.list(argument) else { return nil }
        let values = texts.compactMap { Self(choice: $0) }
        return values.count == texts.count ? values : nil
    }

    /// The case of this text; nil where there is none.
    public init?(choice text: String) {
        guard let value = Self.allCases.first(where: { $0.choice == text }) else { return nil }
        self = value
    }
}

extension Site.Kind: ParameterChoice {
    /// The name in files: "residual_out".
    public var choice: String { name }
    /// ``ParameterDeclaration/siteUnit``
    public static var parameterUnit: String { ParameterDeclaration.siteUnit }
    /// ``ParameterDeclaration/siteUnit``
    public static var elementUnit: String { ParameterDeclaration.siteUnit }
}
