// SPDX-License-Identifier: Apache-2.0

/// What a component says of one of its settings. The host reads it, checks the experiment file against it before anything
/// runs, fills the default and records it.
public struct ParameterDeclaration: Sendable, Hashable, Codable {
    /// What type of value a setting has. The raw value is the ABI's number.
    public enum Kind: Int32, Sendable, Codable {
        /// `Int`
        case integer = 1
        /// `Double`; always finite.
        case number
        /// `Bool`
        case boolean
        /// `String`, or an enumeration of texts (``ParameterChoice``).
        case text
        /// A list of `Int`.
        case integers
        /// A list of `Double`.
        case numbers
        /// A list of `String`, or of an enumeration.
        case texts
        /// A list of lists of `String`; the file may name a JSON file instead.
        case textGroups
        /// A file (``FilePath``).
        case path
        /// Another component (``ComponentReference``).
        case component

        /// "a whole number", for sentences.
        public var phrase: String {
            switch self {
            case .integer: "a whole number"
            case .number: "a number"
            case .boolean: "true or false"
            case .text: "a text"
            case .integers: "a list of whole numbers"
            case .numbers: "a list of numbers"
            case .texts: "a list of texts"
            case .textGroups: "a list of lists of texts, or a JSON file of one"
            case .path: "a file"
            case .component: "a component: its name, or {name: …} with its settings"
            }
        }
    }

    /// The name in the experiment file. Different from those of the component's other settings.
    public var name: String
    /// The type of the value.
    public var kind: Kind
    /// There is no default and the file must give a value.
    public var isRequired: Bool
    /// May be null.
    public var isOptional: Bool
    /// The default as JSON; nil where there is none.
    public var defaultJSON: String?
    /// The numbers that it, or each element of a list, may be.
    public var range: ParameterRange
    /// Allowed texts; empty: any.
    public var choices: [String]
    /// "tokens", "layers" …; empty where there is none. Two units say that the setting names a part of the model:
    /// ``layerUnit`` and ``siteUnit``. ``libraryUnit`` says that it names code.
    public var unit: String
    /// What the setting does, in a sentence or two.
    public var help: String
    /// Fields that every case must have where the value is not null, 0, false or empty.
    public var needs: EditCase.Fields = []
    /// Fields that every case must have where it is.
    public var needsOtherwise: EditCase.Fields = []
    /// The ABI's number of the kind of a component; 0 for other parameters.
    public var componentKind: Int32 = 0

    /// The unit of a setting that is the number of a layer, from 0, or a list of them. The host refuses layers that the model
    /// does not have before the model is loaded. (A number of layers has another unit: "layers".)
    public static let layerUnit = "layer"
    /// The unit of a setting that names a kind of site, or a list of them. The host refuses sites that the model does not have
    /// before the model is loaded. A setting whose type is ``Site/Kind`` has it by itself.
    public static let siteUnit = "site"
    /// The unit of a setting that names a library for ``ForeignFunction``, or a list of them: a path, which is treated as that of
    /// a file, or a name without a slash, which the system's loader finds. The host asks the user before an experiment file has
    /// such a library loaded, and does so before the run begins.
    public static let libraryUnit = "library"

    package init(
        name: String, kind: Kind, isRequired: Bool, isOptional: Bool, defaultJSON: String?, range: ParameterRange,
        choices: [String], unit: String, help: String, needs: EditCase.Fields = [],
        needsOtherwise: EditCase.Fields = [], componentKind: Int32 = 0
    ) {
        self.name = name
        self.kind = kind
        self.isRequired = isRequired
        self.isOptional = isOptional
        self.defaultJSON = defaultJSON
        self.range = range
        self.choices = choices
        self.unit = unit
        self.help = help
        self.needs = needs
        self.needsOtherwise = needsOtherwise
        self.componentKind = componentKind
    }
}

/// The numbers a parameter may take (each element of a list). They are finite whatever the bounds are.
public struct ParameterRange: Sendable, Hashable, Codable {
    /// The smallest number, −∞ where there is no bound.
    public var minimum = -Double.infinity
    /// The largest number, ∞ where there is no bound.
    public var maximum = Double.infinity
    /// Whether the smallest number itself is not allowed.
    public var excludesMinimum = false
    /// Whether the largest number itself is not allowed.
    public var excludesMaximum = false

    /// Every finite number.
    public static let any = ParameterRange()
    /// > 0
    public static let positive = ParameterRange(minimum: 0, excludesMinimum: true)
    /// ≥ 0
    public static let nonNegative = ParameterRange(minimum: 0)
    /// ≥ a minimum
    public static func atLeast(_ minimum: Double) -> ParameterRange { ParameterRange(minimum: minimum) }
    /// From a minimum to a maximum, both allowed.
    public static func closed(_ range: ClosedRange<Double>) -> ParameterRange {
        ParameterRange(minimum: range.lowerBound, maximum: range.upperBound)
    }
}

/// A Swift type that a parameter may have: `Int`, `Double`, `Bool`, `String`, a ``ParameterChoice``, lists of these,
/// `[[String]]`, a ``FilePath``, and optionals of them.
public protocol ParameterValue: Sendable {
    /// The kind that a declaration of this type has.
    static var parameterKind: ParameterDeclaration.Kind { get }
    /// Whether the value may be null.
    static var isOptionalParameter: Bool { get }
    /// The texts that the value may have, each element of a list; empty: any.
    static var parameterChoices: [String] { get }
    /// The unit of a setting of this type that declares none; empty: none.
    static var parameterUnit: String { get }
    /// Stands in until the host has given a required value.
    static var placeholder: Self { get }
    /// The value as JSON, for the declaration's default; nil where it has none (null, a number that is not finite).
    var json: String? { get }
    /// The value of a checked argument; nil where the argument is of another kind.
    init?(_ argument: Argument)
}

extension ParameterValue {
    /// A value that may not be null.
    public static var isOptionalParameter: Bool { false }
    /// Any text.
    public static var parameterChoices: [String] { [] }
    /// None.
    public static var parameterUnit: String { "" }
}

/// A file named in the experiment file. The host makes it absolute and checks that it can be read.
public struct FilePath: Sendable, Hashable {
    /// Absolute, once the host has given it.
    public var path: String
    /// A file by its path.
    public init(_ path: String) { self.path = path }
}

/// Declares a setting of a component, under the name that it has in the experiment file.
///
///     @Parameter("v_lr", in: .positive, help: "Learning rate of Adam in the value optimisation.")
///     var learningRate = 0.5
@propertyWrapper
public struct Parameter<Value: ParameterValue> {
    final class Storage {
        var value: Value
        init(_ value: Value) { self.value = value }
    }

    package let declaration: ParameterDeclaration
    let storage: Storage

    /// A setting with a default.
    ///
    /// - Parameters:
    ///   - choices: the texts that it may have; without: those of its type (all cases of an enumeration), or any.
    ///   - needs: fields that every case must have where the value is not null, 0, false or empty.
    ///   - needsOtherwise: fields that every case must have where it is.
    public init(
        wrappedValue: Value, _ name: String, in range: ParameterRange = .any, choices: [String] = [],
        unit: String = "", needs: EditCase.Fields = [], needsOtherwise: EditCase.Fields = [], help: String
    ) {
        storage = Storage(wrappedValue)
        declaration = ParameterDeclaration(
            name: name, kind: Value.parameterKind, isRequired: false, isOptional: Value.isOptionalParameter,
            defaultJSON: wrappedValue.json, range: range,
            choices: choices.isEmpty ? Value.parameterChoices : choices,
            unit: unit.isEmpty ? Value.parameterUnit : unit, help: help, needs: needs, needsOtherwise: needsOtherwise)
    }

    /// A setting that the file must give (an optional one may be left out).
    public init(
        _ name: String, in range: ParameterRange = .any, choices: [String] = [], unit: String = "",
        needs: EditCase.Fields = [], needsOtherwise: EditCase.Fields = [], help: String
    ) {
        storage = Storage(Value.placeholder)
        declaration = ParameterDeclaration(
            name: name, kind: Value.parameterKind, isRequired: !Value.isOptionalParameter,
            isOptional: Value.isOptionalParameter, defaultJSON: nil, range: range,
            choices: choices.isEmpty ? Value.parameterChoices : choices,
            unit: unit.isEmpty ? Value.parameterUnit : unit, help: help, needs: needs, needsOtherwise: needsOtherwise)
    }

    /// A setting that several components declare alike, with a default.
    public init(wrappedValue: Value, _ shared: SharedParameter) {
        self.init(wrappedValue: wrappedValue, shared.name, in: shared.range, unit: shared.unit, help: shared.help)
    }

    /// A setting that several components declare alike, which the file must give (an optional one may be left out).
    public init(_ shared: SharedParameter) {
        self.init(shared.name, in: shared.range, unit: shared.unit, help: shared.help)
    }

    /// Another component with settings of its own, called through the session. An optional one may be left out.
    public init(
        _ name: String, kind: ComponentKind, needs: EditCase.Fields = [], needsOtherwise: EditCase.Fields = [],
        help: String
    ) where Value: ComponentParameterValue {
        storage = Storage(Value.placeholder)
        declaration = ParameterDeclaration(
            name: name, kind: .component, isRequired: !Value.isOptionalParameter,
            isOptional: Value.isOptionalParameter, defaultJSON: nil, range: .any, choices: [], unit: "", help: help,
            needs: needs, needsOtherwise: needsOtherwise, componentKind: kind.rawValue)
    }

    /// The value of the setting: the default, until the host has given the run's.
    public var wrappedValue: Value {
        get { storage.value }
        nonmutating set { storage.value = newValue }
    }
}

/// Settings that several components share: a struct of ``Parameter`` properties, used as a property of a component.
public protocol ParameterSet {}

/// A parameter of any type, as found by reflection.
protocol AnyParameter {
    var declaration: ParameterDeclaration { get }
    func set(_ argument: Argument) throws(SutureError)
}

extension Parameter: AnyParameter {
    func set(_ argument: Argument) throws(SutureError) {
        guard let value = Value(argument) else {
            throw SutureError(.invalidArgument, "\(declaration.name) must be \(declaration.kind.phrase)")
        }
        storage.value = value
    }
}

/// The parameters of a component in declaration order, sets included.
func parameters(of component: Any) -> [any AnyParameter] {
    Mirror(reflecting: component).children.flatMap { child -> [any AnyParameter] in
        if let parameter = child.value as? any AnyParameter { return [parameter] }
        if child.value is any ParameterSet { return parameters(of: child.value) }
        return []
    }
}

/// What a component declares of its settings, in declaration order, sets included.
package func parameterDeclarations(of component: some Component) -> [ParameterDeclaration] {
    parameters(of: component).map(\.declaration)
}
