// SPDX-License-Identifier: Apache-2.0

/// Kinds of site, as bits: what an architecture has. Bit i is the kind with the raw value i, as in the ABI.
public struct SiteKinds: OptionSet, Sendable, Hashable {
    /// One bit for each kind, as in the ABI.
    public let rawValue: UInt32

    /// The kinds of these bits; bits that no kind has are kept and mean nothing.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Some kinds.
    public init(_ kinds: some Sequence<Site.Kind>) {
        self.init(rawValue: kinds.reduce(0) { $0 | 1 << UInt32($1.rawValue) })
    }

    /// Every kind that this kit knows.
    public static let all = SiteKinds(Site.Kind.allCases)

    /// Whether a kind is among them.
    public func contains(_ kind: Site.Kind) -> Bool { rawValue & (1 << UInt32(kind.rawValue)) != 0 }

    /// Takes a kind out, if it is there.
    public mutating func remove(_ kind: Site.Kind) {
        self = SiteKinds(rawValue: rawValue & ~(1 << UInt32(kind.rawValue)))
    }
}
