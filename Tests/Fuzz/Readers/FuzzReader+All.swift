// SPDX-License-Identifier: Apache-2.0

extension FuzzReader {
    /// Every target, in the order of the list.
    package static let all: [FuzzReader] =
        modelFolders + tokenizers + experiments + datasets + runFolders + patches + plugins + annotators + texts

    package static func named(_ name: String) -> FuzzReader? { all.first { $0.name == name } }
}
