// SPDX-License-Identifier: Apache-2.0
#include "LinearAlgebra.h"

#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/linalg_lstsq.h>
#include <ATen/ops/linalg_pinv.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/linalg_svd.h>

#include "Handle.h"
#include "Names.h"
#include "Operations.h"

namespace torch_backend {
namespace {

/// Calls `solver` with the right hand side as a matrix.
template <class Solver>
at::Tensor withMatrix(const at::Tensor &b, Solver solver)
{
    return b.dim() == 1 ? solver(b.unsqueeze(-1)).squeeze(-1) : solver(b);
}

at::Tensor cholesky(const at::Tensor &a)
{
    auto [factor, order] = at::linalg_cholesky_ex(a, /*upper=*/false, /*check_errors=*/false);
    int64_t first = order.numel() == 0 ? 0 : order.max().item<int64_t>();
    if (first != 0)
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("the matrix of shape ", a.sizes(),
                               " is not positive definite: its leading minor of order ", first, " is not positive"),
                      "a second moment needs more tokens than it has rows, or a larger weight on the diagonal; "
                      "check also that all its entries are finite");
    return factor;
}

std::vector<at::Tensor> applyDecomposition(int32_t operation, const at::Tensor &a)
{
    switch (operation) {
    case SUTURE_CHOLESKY: return {cholesky(a)};
    case SUTURE_EIGH: {
        auto [values, vectors] = at::linalg_eigh(a, "L");
        return {values, vectors};
    }
    case SUTURE_SVD: {
        auto [u, s, vTransposed] = at::linalg_svd(a, /*full_matrices=*/false);
        return {u, s, vTransposed};
    }
    case SUTURE_PINV: {
        std::optional<double> byDtype; // the cut-off that libtorch derives from the dtype
        return {at::linalg_pinv(a, byDtype, byDtype, /*hermitian=*/false)};
    }
    case SUTURE_QR: {
        auto [q, r] = at::linalg_qr(a, "reduced");
        return {q, r};
    }
    case SUTURE_INVERSE: return {at::linalg_inv(a)};
    default: throw unknown("decomposition", operation);
    }
}

} // namespace

at::Tensor choleskySolve(const at::Tensor &rightHandSide, const at::Tensor &lowerFactor)
{
    return withMatrix(rightHandSide, [&](const at::Tensor &b) { return at::cholesky_solve(b, lowerFactor); });
}

at::Tensor solve(const at::Tensor &a, const at::Tensor &b)
{
    return withMatrix(b, [&](const at::Tensor &matrix) { return at::linalg_solve(a, matrix); });
}

at::Tensor leastSquares(const at::Tensor &a, const at::Tensor &b)
{
    return withMatrix(b, [&](const at::Tensor &matrix) { return std::get<0>(at::linalg_lstsq(a, matrix)); });
}

at::Tensor triangularSolve(const at::Tensor &lower, const at::Tensor &b)
{
    return withMatrix(
        b, [&](const at::Tensor &matrix) { return at::linalg_solve_triangular(lower, matrix, /*upper=*/false); });
}

/// Sets as many entries of `out` as the decomposition has parts: one, two, or for the SVD three.
suture_error *decompose(int32_t operation, suture_tensor *a, suture_tensor **out)
try {
    std::vector<at::Tensor> parts = applyDecomposition(operation, tensor(a));
    std::vector<Owned> handles;
    for (at::Tensor &part : parts)
        handles.emplace_back(newHandle(std::move(part)));
    for (size_t i = 0; i < handles.size(); i++)
        out[i] = handles[i].release();
    return nullptr;
}
GUARD(decompositionName(operation))

} // namespace torch_backend
