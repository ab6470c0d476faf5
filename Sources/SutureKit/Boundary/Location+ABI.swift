// SPDX-License-Identifier: Apache-2.0

import CSuture

extension Location: Crossing {
    package init(_ c: Foreign<suture_location>) throws(SutureError) {
        guard let kind = Site.Kind(rawValue: c.site), !kind.hasLayer || c.layer >= 0 else {
            throw SutureError(
                .invalidArgument, "a location has the unknown site \(c.site) in layer \(c.layer)",
                hint: "use the SUTURE_SITE_ codes, and a layer from 0 where the site has one")
        }
        self.init(
            Site(kind, layer: Int(c.layer)), caseIndex: c.case_index >= 0 ? Int(c.case_index) : nil,
            position: c.position >= 0 ? Int(c.position) : nil, role: Role(rawValue: c.role) ?? .none,
            unit: c.unit >= 0 ? Int(c.unit) : nil,
            measure: try c.measure.map { name throws(SutureError) in try foreignName(name, "suture_location.measure") }
                ?? "",
            score: c.score,
            isSelected: c.flags & SUTURE_LOCATION_SELECTED != 0)
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_location> {
        arena.make(suture_location.self) {
            $0.case_index = Int64(caseIndex ?? -1)
            $0.site = site.kind.rawValue
            $0.layer = Int32(site.layer ?? -1)
            $0.position = Int64(position ?? -1)
            $0.role = role.rawValue
            $0.flags = isSelected ? SUTURE_LOCATION_SELECTED : 0
            $0.unit = Int64(unit ?? -1)
            $0.score = score
            if !measure.isEmpty { $0.measure = arena.string(measure) }
        }
    }
}
