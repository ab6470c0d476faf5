// SPDX-License-Identifier: Apache-2.0

/// The vocabulary of a model: tokens by id and ids by token, compared byte for byte.
struct TokenVocabulary: Sendable {
    /// Far above any published vocabulary; it bounds the table from ids to tokens.
    static let largestID = 1 << 24

    private var tokens: ByteStringTable
    /// For each string in `tokens`, its id.
    private var ids: [Int32] = []
    /// For each id, its string in `tokens`, or -1.
    private var indices: [Int32] = []

    /// Reads the field `vocab` of a model.
    init(_ model: TokenizerNode) throws(ModelError) {
        let value = try model.required("vocab")
        guard case .object(let members) = value else { throw model.invalid("vocab", value, "an object") }
        guard !members.isEmpty else { throw model.inconsistent("the vocabulary is empty") }
        tokens = ByteStringTable(minimumCapacity: members.count)
        ids.reserveCapacity(members.count)
        for member in members {
            guard let id = TokenizerNode.identifier(member.value) else {
                throw model.invalid(
                    "vocab[\"\(member.key)\"]", member.value, "a whole number from 0 to \(Self.largestID)")
            }
            guard tokens.insert(member.key).isNew else {
                throw model.inconsistent("the token \"\(member.key)\" is in the vocabulary twice")
            }
            while indices.count <= id { indices.append(-1) }
            guard indices[id] < 0 else {
                throw model.inconsistent(
                    "the tokens \"\(token(for: id) ?? "")\" and \"\(member.key)\" have the same id \(id)")
            }
            indices[id] = Int32(ids.count)
            ids.append(Int32(id))
        }
    }

    var count: Int { ids.count }

    /// One more than the largest id.
    var endID: Int { indices.count }

    func id(of token: String) -> Int? {
        tokens.index(of: token).map { Int(ids[$0]) }
    }

    func id(of bytes: UnsafeBufferPointer<UInt8>) -> Int32? {
        tokens.index(of: bytes).map { ids[$0] }
    }

    func token(for id: Int) -> String? {
        guard indices.indices.contains(id), indices[id] >= 0 else { return nil }
        return String(decoding: tokens[Int(indices[id])], as: UTF8.self)
    }
}
