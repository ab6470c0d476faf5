// SPDX-License-Identifier: Apache-2.0

/// The functions that a chat template can call.
///
/// `strftime_now` is left out, so that a template gives the same text on any day; those that use it ask first whether it
/// is there.
enum JinjaFunctions {
    static let all: [String: JinjaValue] = [
        "range": .callable(range), "namespace": .callable(namespace), "dict": .callable(dictionary),
        "raise_exception": .callable(raise),
    ]

    private static let range = JinjaValue.Callable(
        "range",
        rendering: { (arguments, renderer) throws(Fault) in
            let numbers = arguments.positional.map(\.asInteger)
            guard (1...3).contains(numbers.count), arguments.named.isEmpty, !numbers.contains(nil),
                numbers.count < 3 || numbers[2] != 0
            else { throw Fault("range needs one to three whole numbers") }
            let known = numbers.map { $0 ?? 0 }
            guard known.allSatisfy({ $0.magnitude <= 1_000_000_000 }) else { throw Fault("the range is too large") }
            let (start, end) = known.count == 1 ? (0, known[0]) : (known[0], known[1])
            let steps = stride(from: start, to: end, by: known.count == 3 ? known[2] : 1)
            var items: [JinjaValue] = []
            for step in steps {
                try renderer.step()
                items.append(.integer(step))
            }
            return .list(items)
        })

    private static let namespace = JinjaValue.Callable("namespace") { (arguments) throws(Fault) in
        .namespace(JinjaValue.Namespace(try members(arguments)))
    }

    private static let dictionary = JinjaValue.Callable("dict") { (arguments) throws(Fault) in
        .mapping(try members(arguments))
    }

    private static let raise = JinjaValue.Callable("raise_exception") { (arguments) throws(Fault) in
        throw Fault((arguments.value(0, "message") ?? .none).printed, isRaised: true)
    }

    private static func members(_ arguments: Arguments) throws(Fault) -> [JinjaValue.Member] {
        var members: [JinjaValue.Member] = []
        for given in arguments.positional {
            guard case .mapping(let own) = given else { throw Fault("\(given.kind) is not a mapping") }
            members += own
        }
        for member in arguments.named { members[member.key] = member.value }
        return members
    }
}
