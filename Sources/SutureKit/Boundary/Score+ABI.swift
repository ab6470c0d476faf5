// SPDX-License-Identifier: Apache-2.0

import CSuture

extension Score: Crossing {
    package init(_ c: Foreign<suture_score>) throws(SutureError) {
        self.init(
            try foreignName(c.name, "suture_score.name"), c.value,
            caseIndex: c.case_index >= 0 ? Int(c.case_index) : nil, weight: c.weight)
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_score> {
        arena.make(suture_score.self) {
            $0.case_index = Int64(caseIndex ?? -1)
            $0.name = arena.string(name)
            $0.value = value
            $0.weight = weight
        }
    }
}

extension Metric: Crossing {
    package init(_ c: Foreign<suture_metric>) throws(SutureError) {
        self.init(
            try foreignName(c.name, "suture_metric.name"), c.value, unit: try foreignName(c.unit, "suture_metric.unit"),
            n: Int(c.n), standardError: c.standard_error.isNaN ? nil : c.standard_error,
            direction: Direction(rawValue: c.direction) ?? .none,
            protocol: try foreignName(c.protocol, "suture_metric.protocol"))
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_metric> {
        arena.make(suture_metric.self) {
            $0.name = arena.string(name)
            $0.value = value
            $0.unit = arena.string(unit)
            $0.n = Int64(n)
            $0.standard_error = standardError ?? .nan
            $0.direction = direction.rawValue
            $0.protocol = arena.string(`protocol`)
        }
    }
}
