// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// A second moment in a file of its own, checked: as the published code of ROME and MEMIT keeps it (`.npz`), or as
/// `suture statistics import` does (`.safetensors`).
///
/// The published code keeps the *sum* of x xᵀ (`mom2.mom2`) and the number of tokens (`mom2.count`), and divides when it reads
/// them. So does this, in float64, where that code stays in float32.
package struct MomentFile {
    package static let publishedEnding = ".npz"
    package static let ownEnding = ".safetensors"

    package let moment: SecondMoment
    /// How many texts the published code took it over, where the file says so.
    package let sampleCount: Int?
    /// The type that the numbers are stored in.
    package let dtype: DType

    private static let sumName = "mom2.mom2"
    private static let countName = "mom2.count"
    private static let sampleName = "sample_size"
    private static let constructor = "util.runningstats.SecondMoment()"
    /// ‖C − Cᵀ‖ / ‖C‖ that sums in float32 may have. Any other matrix of that size has about 1.
    private static let asymmetry = 1e-3

    /// - Throws: `file`, with what is wrong with the file or with its numbers.
    package init(_ url: URL) throws(RuntimeError) {
        let isPublished = url.lastPathComponent.hasSuffix(Self.publishedEnding)
        guard isPublished || url.lastPathComponent.hasSuffix(Self.ownEnding) else {
            throw RuntimeError(
                .file, "'\(url.path)' is no file of second moments by its name",
                hint: "give a \(Self.publishedEnding) or a \(Self.ownEnding)")
        }
        (moment, sampleCount, dtype) = try RuntimeError.wrapping(.file) {
            try HostTables.install()
            if isPublished { return try Self.published(url) }
            let moment = try MomentCache.read(url)
            return (moment, nil, moment.matrix.dtype)
        }
        let fault = try RuntimeError.wrapping(.file) { try Self.fault(of: moment) }
        if let fault {
            throw RuntimeError(
                .file, "the second moment in '\(url.path)' \(fault)", hint: "take it from its source again")
        }
    }

    /// The file of a layer of an experiment.
    ///
    /// - Parameter width: of the model's vectors at the site.
    /// - Throws: `file` for a layer without a file and for one of another width, beside what is wrong with the file.
    init(_ layer: Int, of files: [Int: String], kind: Site.Kind, width: Int) throws(RuntimeError) {
        let known = files.keys.sorted().map(String.init).joined(separator: ", ")
        guard kind == .neurons, let path = files[layer] else {
            throw RuntimeError(
                .file,
                "there is no file with the second moment of \(Site(kind, layer: layer)): statistics.moments has those of the "
                    + "neurons of layers \(known)", hint: "add the file, or take statistics over a text")
        }
        try self.init(URL(fileURLWithPath: path))
        let found = moment.matrix.shape[0]
        guard found == width else {
            throw RuntimeError(
                .file,
                "the second moment in '\(path)' is of vectors of \(found) values, and layer \(layer) of the model has \(width)",
                hint: "take the file that belongs to this model")
        }
    }

    /// What a moment cannot be; nil where nothing is wrong with it.
    private static func fault(of moment: SecondMoment) throws -> String? {
        let matrix = moment.matrix
        let shape = matrix.shape
        guard shape.count == 2, shape[0] == shape[1], shape[0] > 0 else {
            return "has the shape \(shape) and is no square"
        }
        guard moment.tokenCount > 0 else { return "is over \(moment.tokenCount) tokens" }
        guard try matrix.isAllFinite() else { return "has numbers that are not finite" }
        guard try matrix.diagonal().min().item() >= 0 else { return "has a negative mean of squares" }
        let norm = try matrix.norm().item()
        guard norm > 0 else { return "is 0" }
        guard try (matrix - matrix.transposed()).norm().item() <= asymmetry * norm else { return "is not symmetric" }
        return nil
    }

    private static func published(_ url: URL) throws -> (SecondMoment, Int?, DType) {
        let archive = try NumPyArchive(opening: url)
        guard let sum = try archive[sumName], let count = try archive[countName]?.integer else {
            let names = archive.names.prefix(8).joined(separator: ", ")
            throw RuntimeError(
                .file,
                "'\(url.path)' holds no second moment: there is no \(sumName) with a whole \(countName) among \(names)",
                hint: "give a file that the code of ROME or MEMIT has written")
        }
        guard [.number(.float32), .number(.float64)].contains(sum.element) else {
            throw RuntimeError(
                .file, "\(sumName) of '\(url.path)' is of the type \(sum.element.name)",
                hint: "give sums in float32 or float64")
        }
        let tensor = try sum.tensor()
        // A count of 0 is refused with the other faults.
        let mean = try tensor.cast(to: .float64) / Double(max(count, 1))
        return (
            SecondMoment(matrix: mean, tokenCount: count), try archive[sampleName]?.integer, tensor.dtype
        )
    }

    // MARK: Writing

    /// What the published code calls the file of a module.
    ///
    /// - Parameter module: "transformer.h.17.mlp.c_proj"
    static func publishedName(_ module: String, dtype: DType, sampleCount: Int) -> String {
        "\(module)_\(dtype)_mom2_\(sampleCount)\(publishedEnding)"
    }

    /// Writes a moment as the published code does, which reads it then: the sum in a type of its own, and the counts.
    ///
    /// - Throws: `refused` where the sum leaves the range of the type.
    static func write(_ moment: SecondMoment, dtype: DType, sampleCount: Int, to url: URL) throws {
        let sum = try (moment.matrix * Double(moment.tokenCount)).cast(to: dtype)
        guard try sum.isAllFinite() else {
            throw RuntimeError(
                .refused, "the sum of '\(url.lastPathComponent)' is beyond the range of \(dtype)", hint: "use float64")
        }
        func number(_ value: Int) throws -> NumPyArray { try NumPyArray(Tensor([value]).reshaped([])) }
        try NumPyArchive.write(
            [
                ("mom2.constructor", NumPyArray(text: constructor)), (countName, try number(moment.tokenCount)),
                (sumName, try NumPyArray(sum)),
                ("mom2.split_batch", try NumPyArray(Tensor([true]).reshaped([]))),
                (sampleName, try number(sampleCount)),
            ], to: url)
    }
}
