// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Asks a function of any library about every word; other than zero means unwanted.
///
/// The function is asked once for each different word of a call, so it must depend on the word alone.
struct NativeFunction: Annotator {
    static let descriptor = ComponentDescriptor(
        id: "native-function", summary: "Asks a function of any library, by libffi, about every word.")

    @Parameter(
        "library", unit: ParameterDeclaration.libraryUnit,
        help: "A shared library, by its path or by a name that the system's loader finds.")
    var library: String

    @Parameter("symbol", help: "The function's name in the library.")
    var symbol: String

    @Parameter(
        "signature", choices: ["i64(str)", "i32(str)", "f64(str)"],
        help: "The types of arguments and result. Nothing can check them; wrong ones are undefined behaviour.")
    var signature = "i64(str)"

    @Parameter("case_sensitive", help: "Hand words over as they are; otherwise in lower case.")
    var isCaseSensitive = true

    func validate() throws(SutureError) { _ = try function() }

    func annotate(_ texts: [MarkedText], in _: Session) throws -> [[Range<Int>]] {
        let function = try function()
        var answers: [String: Bool] = [:]
        return try texts.map { text in
            let scanned = ScannedText(text.text, after: text.prompt, foldsCase: !isCaseSensitive)
            return try scanned.words.filter { range in
                let word = scanned.string(range)
                if let known = answers[word] { return known }
                let isUnwanted = try function.call([.text(word)]).asNumber != 0
                answers[word] = isUnwanted
                return isUnwanted
            }.map(scanned.bytes)
        }
    }

    private func function() throws(SutureError) -> ForeignFunction {
        try ForeignFunction(library: library, symbol: symbol, signature: signature)
    }
}
