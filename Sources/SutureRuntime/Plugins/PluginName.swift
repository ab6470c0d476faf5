// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Names and versions that a plugin gives itself. They go into files, tables and sentences, so each is one line of text.
enum PluginName {
    /// In bytes.
    static let longest = 200

    /// What is wrong with a name, as the end of a sentence: "is empty"; nil: nothing.
    static func complaint(about text: UnsafePointer<CChar>?) -> String? {
        guard let text else { return "is missing" }
        let bytes = UnsafeBufferPointer(start: text, count: strnlen(text, longest + 1)).map { UInt8(bitPattern: $0) }
        guard bytes.count <= longest else { return "is longer than \(longest) bytes" }
        guard let name = String(validating: bytes, as: UTF8.self) else { return "is not UTF-8" }
        guard name.contains(where: { !$0.isWhitespace }) else { return "is empty" }
        guard name == DisplayText.visible(name) else { return "holds control characters" }
        return nil
    }
}
