// SPDX-License-Identifier: Apache-2.0

import CSuture

/// A value that crosses the boundary in both directions. Host and plugins use the same code.
package protocol Crossing {
    associatedtype C: ForeignLayout

    /// - Throws: `invalidArgument`, in a sentence that names struct and field.
    init(_ c: Foreign<C>) throws(SutureError)
    /// Valid as long as this value and the arena.
    func c(in arena: CArena) -> UnsafePointer<C>
}

extension Array where Element: Crossing {
    package init<List: ForeignList>(_ list: Foreign<List>) throws(SutureError) where List.Item == Element.C {
        self = []
        for item in try list.elements { append(try Element(item)) }
    }

    /// Valid as long as the values and the arena.
    package func c<List: ForeignList>(in arena: CArena, as _: List.Type) -> UnsafePointer<List>
    where List.Item == Element.C {
        arena.make(List.self) {
            $0.count = Int64(count)
            $0.items = arena.array(map { $0.c(in: arena) })
        }
    }
}
