// SPDX-License-Identifier: Apache-2.0
//
// The solvers that the binary operations of the table call. A right-hand side that is a vector gives a vector.
#pragma once

#include <ATen/core/Tensor.h>

namespace torch_backend {

at::Tensor choleskySolve(const at::Tensor &rightHandSide, const at::Tensor &lowerFactor);
at::Tensor solve(const at::Tensor &a, const at::Tensor &b);
at::Tensor leastSquares(const at::Tensor &a, const at::Tensor &b);
at::Tensor triangularSolve(const at::Tensor &lower, const at::Tensor &b);

} // namespace torch_backend
