// SPDX-License-Identifier: Apache-2.0

import CSuture

extension Delta: Crossing {
    /// Shares the tensors.
    package init(_ c: Foreign<suture_delta>) throws(SutureError) {
        let name = try foreignText(c.parameter, "suture_delta.parameter")
        func part(_ handle: OpaquePointer?, _ what: String) throws(SutureError) -> Tensor {
            guard let handle else {
                throw SutureError(
                    .invalidArgument, "a change of \(name) has no \(what)",
                    hint: "set \(what) in suture_delta for this form")
            }
            return try Tensor(borrowing: handle)
        }
        switch c.form {
        case SUTURE_DELTA_LOW_RANK:
            self.init(name, .lowRank(left: try part(c.left, "left"), right: try part(c.right, "right")))
        case SUTURE_DELTA_ROWS:
            self.init(name, .rows(rows: try part(c.rows, "rows"), values: try part(c.values, "values")))
        case SUTURE_DELTA_DENSE:
            self.init(name, .dense(try part(c.values, "values")))
        case SUTURE_DELTA_EXTENSION:
            var tensors: [(name: String, tensor: Tensor)] = []
            for item in try foreignElements(c.tensors, c.tensor_count, in: "suture_delta.tensors") {
                let key = try foreignText(item.name, "suture_named_tensor.name")
                tensors.append((key, try part(item.tensor, "tensor for \"\(key)\"")))
            }
            self.init(
                name,
                .extension(
                    PatchExtension(
                        id: try foreignText(c.extension, "suture_delta.extension"), tensors: tensors,
                        settings: c.settings.map { String(cString: $0) } ?? "{}")))
        default:
            throw SutureError(
                .unimplemented, "a change of \(name) has the unknown form \(c.form)",
                hint: "use a host that is at least as new as the plugin")
        }
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_delta> {
        arena.make(suture_delta.self) { c in
            c.parameter = arena.string(parameter)
            switch form {
            case .lowRank(let left, let right):
                (c.form, c.left, c.right) = (SUTURE_DELTA_LOW_RANK, left.handle, right.handle)
            case .rows(let rows, let values):
                (c.form, c.rows, c.values) = (SUTURE_DELTA_ROWS, rows.handle, values.handle)
            case .dense(let values):
                (c.form, c.values) = (SUTURE_DELTA_DENSE, values.handle)
            case .extension(let extra):
                c.form = SUTURE_DELTA_EXTENSION
                c.extension = arena.string(extra.id)
                c.settings = arena.string(extra.settings)
                c.tensor_count = Int64(extra.tensors.count)
                c.tensors = arena.array(
                    extra.tensors.map { name, tensor in
                        arena.make(suture_named_tensor.self) {
                            $0.name = arena.string(name)
                            $0.tensor = tensor.handle
                        }
                    })
            }
        }
    }
}
