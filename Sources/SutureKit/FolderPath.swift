// SPDX-License-Identifier: Apache-2.0

extension ParameterDeclaration {
    /// The unit of a text, or a list of texts, that names files. The host treats it as it treats a ``FilePath``: it makes the
    /// path absolute, refuses a file that is not there, and makes its content a part of what the run is.
    public static let fileUnit = "file"
    /// The unit of a text, or a list of texts, that names folders. Everything in such a folder is a part of what the run is. A
    /// setting whose type is ``FolderPath`` has it by itself.
    public static let folderUnit = "folder"
}

/// A folder named in the experiment file. The host makes it absolute and checks that it can be read.
public struct FolderPath: Sendable, Hashable {
    /// Absolute, once the host has given it.
    public var path: String
    /// A folder by its path.
    public init(_ path: String) { self.path = path }
}

extension FolderPath: ParameterValue {
    /// ``ParameterDeclaration/Kind/text``
    public static var parameterKind: ParameterDeclaration.Kind { .text }
    /// ``ParameterDeclaration/folderUnit``
    public static var parameterUnit: String { ParameterDeclaration.folderUnit }
    /// The empty path.
    public static var placeholder: FolderPath { FolderPath("") }
    /// The path in quotes.
    public var json: String? { jsonQuoted(path) }
    /// The folder of a path; nil for another kind of argument.
    public init?(_ argument: Argument) {
        guard let path = String(argument) else { return nil }
        self.init(path)
    }
}
