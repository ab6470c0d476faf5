// SPDX-License-Identifier: Apache-2.0

import CSuture

extension MarkedText: Crossing {
    package init(_ c: Foreign<suture_marked_text>) throws(SutureError) {
        let bounds = try foreignArray(c.marks, 2 * max(c.mark_count, 0), in: "suture_marked_text.marks")
        self.init(
            prompt: try foreignText(c.prompt, "suture_marked_text.prompt"),
            text: try foreignText(c.text, "suture_marked_text.text"))
        for i in stride(from: 0, to: bounds.count, by: 2) { marks.append(try byteRange(bounds[i], bounds[i + 1])) }
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_marked_text> {
        arena.make(suture_marked_text.self) {
            $0.prompt = arena.string(prompt)
            $0.text = arena.string(text)
            $0.mark_count = Int64(marks.count)
            $0.marks = arena.array(marks.flatMap { [Int64($0.lowerBound), Int64($0.upperBound)] })
        }
    }
}

extension Mark: Crossing {
    package init(_ c: Foreign<suture_mark>) throws(SutureError) {
        self.init(text: Int(c.text), bytes: try byteRange(c.start, c.end))
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_mark> {
        arena.make(suture_mark.self) {
            $0.text = Int64(text)
            $0.start = Int64(bytes.lowerBound)
            $0.end = Int64(bytes.upperBound)
        }
    }
}

private func byteRange(_ start: Int64, _ end: Int64) throws(SutureError) -> Range<Int> {
    guard start >= 0, end >= start else {
        throw SutureError(
            .outOfRange, "a mark runs from byte \(start) to byte \(end)", hint: "start from 0, and end after the start")
    }
    return Int(start)..<Int(end)
}
