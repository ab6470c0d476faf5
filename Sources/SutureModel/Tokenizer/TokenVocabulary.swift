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

    /// Reads the field `vocab` of a model as an object from tokens to ids.
    init(_ model: TokenizerNode) throws(ModelError) {
        let value = try model.required("vocab")
        guard case .object(let members) = value else { throw model.invalid("vocab", value, "an object") }
        try self.init(count: members.count, model)
        for member in members {
            guard let id = TokenizerNode.identifier(member.value) else {
                throw model.invalid(
                    "vocab[\"\(member.key)\"]", member.value, "a whole number from 0 to \(Self.largestID)")
            }
            try insert(member.key, id, model)
        }
    }

    /// Tokens that are numbered from 0.
    init(_ tokens: [String], _ model: TokenizerNode) throws(ModelError) {
        try self.init(count: tokens.count, model)
        for (id, token) in tokens.enumerated() { try insert(token, id, model) }
    }

    private init(count: Int, _ model: TokenizerNode) throws(ModelError) {
        guard count > 0 else { throw model.inconsistent("the vocabulary is empty") }
        tokens = ByteStringTable(minimumCapacity: count)
        ids.reserveCapacity(count)
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
        bytes(for: id).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of a token, nil where no token has the id.
    func bytes(for id: Int) -> ArraySlice<UInt8>? {
        guard indices.indices.contains(id), indices[id] >= 0 else { return nil }
        return tokens[Int(indices[id])]
    }

    /// The ids of the tokens `<0x00>` to `<0xFF>`, which stand for bytes; -1 where there is none.
    var fallbackIDs: [Int32] {
        (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return id(of: "<0x" + (byte < 16 ? "0" : "") + digits + ">").map(Int32.init) ?? -1
        }
    }

    private mutating func insert(_ token: String, _ id: Int, _ model: TokenizerNode) throws(ModelError) {
        guard tokens.insert(token).isNew else {
            throw model.inconsistent("the token \"\(token)\" is in the vocabulary twice")
        }
        while indices.count <= id { indices.append(-1) }
        guard indices[id] < 0 else {
            throw model.inconsistent(
                "the tokens \"\(self.token(for: id) ?? "")\" and \"\(token)\" have the same id \(id)")
        }
        indices[id] = Int32(ids.count)
        ids.append(Int32(id))
    }
}
