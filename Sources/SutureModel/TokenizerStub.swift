import Foundation
public struct Encoding { public var ids: [Int]; public var offsets: [Range<Int>] }
public struct Tokenizer: Sendable { public init(folder: URL) throws {}; public func encode(_ t: String, addSpecialTokens: Bool) throws -> Encoding { Encoding(ids: [], offsets: []) }; public func decode(_ i: [Int], skipSpecialTokens: Bool) throws -> String { "" }; public var bosTokenID: Int? { nil }; public var eosTokenID: Int? { nil } }
