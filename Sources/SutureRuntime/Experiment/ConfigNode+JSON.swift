// SPDX-License-Identifier: Apache-2.0

import SutureModel

extension JSONValue {
    /// The same value as a node of an experiment file.
    func node(at place: ConfigNode.Place) -> ConfigNode {
        switch self {
        case .null: ConfigNode(.scalar("null", isQuoted: false), at: place)
        case .boolean(let value): ConfigNode(.scalar(value ? "true" : "false", isQuoted: false), at: place)
        case .number(let digits): ConfigNode(.scalar(digits, isQuoted: false), at: place)
        case .text(let text): ConfigNode(.scalar(text, isQuoted: true), at: place)
        case .list(let items): ConfigNode(.list(items.map { $0.node(at: place) }), at: place)
        case .object(let members):
            ConfigNode(
                .mapping(
                    members.map { ConfigNode.Entry(key: $0.key, place: place, value: $0.value.node(at: place)) }),
                at: place)
        }
    }
}
