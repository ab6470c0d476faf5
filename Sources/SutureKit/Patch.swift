// SPDX-License-Identifier: Apache-2.0

/// A change of one weight, kept in the form in which it was found.
///
/// Orientation is `[out, in]`, whatever the checkpoint stores. Factors stay factors: a difference of rounded weights has
/// lost up to half of a small edit.
public struct Delta: Sendable {
    /// How a change is written down.
    public enum Form: Sendable {
        /// left `[out, rank]` · right `[rank, in]`
        case lowRank(left: Tensor, right: Tensor)
        /// values `[n, in]`, added to the rows `rows` (int64 `[n]`)
        case rows(rows: Tensor, values: Tensor)
        /// the shape of the parameter
        case dense(Tensor)
        /// Something that is no change of a weight. A host that does not know it says so and applies nothing.
        case `extension`(PatchExtension)

        /// How files call it; nil for an extension.
        public var name: FormName? {
            switch self {
            case .lowRank: .lowRank
            case .rows: .rows
            case .dense: .dense
            case .extension: nil
            }
        }
    }

    /// The name of a form in files.
    public enum FormName: String, Sendable, Hashable, Codable {
        /// `PARAMETER.left` `[out, rank]` · `PARAMETER.right` `[rank, in]`
        case lowRank = "low-rank"
        /// `PARAMETER.values` `[n, in]`, added to the rows `PARAMETER.rows`
        case rows
        /// `PARAMETER.change`, in the parameter's shape
        case dense

        /// The endings of the tensors' names, in the order of ``Delta/tensors``.
        public var parts: [String] {
            switch self {
            case .lowRank: ["left", "right"]
            case .rows: ["rows", "values"]
            case .dense: ["change"]
            }
        }
    }

    /// The checkpoint's name of the tensor.
    public var parameter: String
    /// The change, in the form in which it was found.
    public var form: Form

    /// A change of the weight with this name.
    public init(_ parameter: String, _ form: Form) {
        self.parameter = parameter
        self.form = form
    }

    /// A change from its stored parts.
    ///
    /// - Parameter part: the tensor of a name of ``FormName/parts``.
    public init(_ parameter: String, _ form: FormName, part: (String) throws -> Tensor) rethrows {
        let tensors = try form.parts.map(part)
        switch form {
        case .lowRank: self.init(parameter, .lowRank(left: tensors[0], right: tensors[1]))
        case .rows: self.init(parameter, .rows(rows: tensors[0], values: tensors[1]))
        case .dense: self.init(parameter, .dense(tensors[0]))
        }
    }

    /// The change as a whole matrix of a given shape, in the type of its parts.
    ///
    /// - Throws: `unimplemented` for an extension.
    public func dense(shape: [Int]) throws(SutureError) -> Tensor {
        switch form {
        case .lowRank(let left, let right): return try left.matmul(right)
        case .rows(let rows, let values):
            return try Tensor.zeros(shape, dtype: values.dtype, device: values.device).indexAdded(0, rows, values)
        case .dense(let values): return values
        case .extension(let extra): throw extra.isUnknown
        }
    }

    /// The same change with its numbers in float64.
    package func wide(on device: Device = .cpu) throws(SutureError) -> Delta { try moved(to: device, as: .float64) }

    /// The same change on a device, with its numbers in another type where one is given.
    package func moved(to device: Device, as dtype: DType? = nil) throws(SutureError) -> Delta {
        func moved(_ tensor: Tensor) throws(SutureError) -> Tensor { try tensor.cast(to: dtype, device: device) }
        switch form {
        case .lowRank(let left, let right):
            return Delta(parameter, .lowRank(left: try moved(left), right: try moved(right)))
        case .rows(let rows, let values):
            return Delta(parameter, .rows(rows: try rows.cast(device: device), values: try moved(values)))
        case .dense(let values): return Delta(parameter, .dense(try moved(values)))
        case .extension(let extra): throw extra.isUnknown
        }
    }

    /// The tensors of the form, for checks that concern each.
    public var tensors: [Tensor] {
        switch form {
        case .lowRank(let left, let right): [left, right]
        case .rows(let rows, let values): [rows, values]
        case .dense(let values): [values]
        case .extension(let extra): extra.tensors.map(\.tensor)
        }
    }
}

/// A part of a patch that is no change of a weight: a vector added at a site, a code book. The place where later forms of edit
/// enter; no host knows one yet.
public struct PatchExtension: Sendable {
    /// The name of the form, with a revision: "suture.site-vector/1". Third parties use reverse domain names.
    public var id: String
    /// Its tensors, each under a name of its own.
    public var tensors: [(name: String, tensor: Tensor)]
    /// A JSON object with what is not a tensor.
    public var settings: String

    /// An extension of a form.
    public init(id: String, tensors: [(name: String, tensor: Tensor)] = [], settings: String = "{}") {
        self.id = id
        self.tensors = tensors
        self.settings = settings
    }

    /// What a host says of an extension that it does not know.
    public var isUnknown: SutureError {
        SutureError(
            .unimplemented, "the patch has a part of the form \"\(id)\", which this version of suture does not know",
            hint: "use a version that knows it; nothing was applied")
    }
}

/// What a patcher returns: a value, never a side effect. The host applies it to an overlay and checks it.
public struct Patch: Sendable {
    /// The changes. Those of one weight add up.
    public var deltas: [Delta]
    /// A patch of some changes; without any, the model stays as it is.
    public init(_ deltas: [Delta] = []) { self.deltas = deltas }
}
