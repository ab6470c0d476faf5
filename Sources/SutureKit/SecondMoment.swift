// SPDX-License-Identifier: Apache-2.0

/// E[x xᵀ] of a site over a text.
public struct SecondMoment: Sendable {
    /// float64 `[width, width]`, symmetric, uncentred.
    public var matrix: Tensor
    /// Token vectors that it rests on. It is singular unless this clearly exceeds the width.
    public var tokenCount: Int

    /// A second moment, with the number of token vectors that it rests on.
    public init(matrix: Tensor, tokenCount: Int) {
        self.matrix = matrix
        self.tokenCount = tokenCount
    }

    /// The lower factor L of `matrix` = L Lᵀ, `[width, width]`, float64.
    ///
    /// Where there is none, the matrix is looked at, and the error names what was found: numbers that are not finite, fewer
    /// token vectors than the width, values that are 0 at every token, or vectors that do not span the space.
    ///
    /// - Parameters:
    ///   - name: of what the moment is, for the error: "neurons.5".
    ///   - remedy: what a user may do instead of taking statistics over more text: "set mom2_adjustment: false".
    /// - Throws: `failedPrecondition` where the matrix is not positive definite.
    public func cholesky(of name: String, remedy: String? = nil) throws(SutureError) -> Tensor {
        let failure: SutureError
        do { return try matrix.cholesky() } catch { failure = error }
        guard let finding = try? finding() else { throw failure }
        throw SutureError(
            .failedPrecondition,
            "the second moment of \(name), over \(tokenCount) tokens, is not positive definite: \(finding.cause)",
            hint: remedy.map { "\(finding.hint), or \($0)" } ?? finding.hint)
    }

    /// Why the matrix is not positive definite.
    private func finding() throws(SutureError) -> (cause: String, hint: String) {
        guard try matrix.isAllFinite() else {
            return ("some of its numbers are not finite", "look for a text on which the model breaks")
        }
        let width = matrix.shape[0]
        let more = "take statistics over more text, several times as many tokens as the \(width) values"
        guard tokenCount >= width else { return ("\(tokenCount) vectors cannot span \(width) values", more) }
        let energies = try matrix.diagonal().scalars(as: Double.self)
        let silent = energies.count { $0 <= 0 }
        guard silent == 0 else {
            return ("\(silent) of its \(width) values are 0 at every token", "take statistics over more varied text")
        }
        return ("the vectors do not span its \(width) values, to rounding", more)
    }
}
