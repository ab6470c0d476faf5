// SPDX-License-Identifier: Apache-2.0

extension Model {
    /// The token ids of a prompt and of the object that follows it, joined by one space.
    ///
    /// The object's ids are those that it has after the prompt, without special tokens; so a tokenizer that marks the
    /// beginning of a text differently is read as it will be used. Where prompt and object merge into one token, the
    /// object is tokenised alone.
    public func encode(prompt: String, target: String) throws(SutureError) -> (prompt: [Int], target: [Int]) {
        let object = target.hasPrefix(" ") ? target : " " + target
        let ids = try encode(prompt, addsSpecialTokens: true)
        let whole = try encode(prompt + object, addsSpecialTokens: true)
        let following = whole.starts(with: ids) ? Array(whole[ids.count...]) : try encode(object)
        guard !following.isEmpty else {
            throw SutureError(
                .invalidArgument, "the object \"\(target)\" has no tokens", hint: "check the targets of the data set")
        }
        return (ids, following)
    }
}
