// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// On the host's side texts meet as they do in a plugin.
extension Tokenizer: TextSpelling {
    package func tokens(of text: String, addsSpecialTokens: Bool) throws(ModelError) -> [Int] {
        try encode(text, addSpecialTokens: addsSpecialTokens).ids
    }

    package func spelled(_ tokens: [Int]) throws(ModelError) -> String { try decode(tokens) }
}
