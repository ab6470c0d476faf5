// SPDX-License-Identifier: Apache-2.0

/// Answers "what is unwanted in this text?". Used by methods and evaluators that take one as a setting.
public protocol Annotator: Component {
    /// The unwanted parts of each text, as ranges of bytes of its UTF-8 that do not overlap.
    ///
    /// - Parameter texts: what followed a prompt. Their own marks are those of the data set, where it has some.
    func annotate(_ texts: [MarkedText], in session: Session) throws -> [[Range<Int>]]
}

extension Annotator {
    /// ``ComponentKind/annotator``
    public static var kind: ComponentKind { .annotator }

    /// Annotates the texts of the call and hands out the marks of each.
    public func perform(_ call: ComponentCall, in session: Session) throws {
        for (text, ranges) in try annotate(call.texts, in: session).enumerated() {
            try session.emit(ranges.map { Mark(text: text, bytes: $0) })
        }
    }
}

extension Session {
    /// The unwanted parts of each text, ascending, as ranges of bytes.
    ///
    /// - Throws: what the annotator throws; `outOfRange` where it marks what does not exist.
    public func annotate(
        _ texts: [MarkedText], with component: ComponentReference
    ) throws(SutureError) -> [[Range<Int>]] {
        var marks = [[Range<Int>]](repeating: [], count: texts.count)
        for mark in try call(component, ComponentCall(.annotate, texts: texts), on: nil).marks {
            guard texts.indices.contains(mark.text), mark.bytes.upperBound <= texts[mark.text].text.utf8.count,
                mark.bytes.lowerBound >= 0
            else {
                throw SutureError(
                    .outOfRange, "an annotator marked the bytes \(mark.bytes) of text \(mark.text), which do not exist",
                    hint: "report this to its author")
            }
            marks[mark.text].append(mark.bytes)
        }
        return marks.map { $0.sorted { $0.lowerBound < $1.lowerBound } }
    }
}
