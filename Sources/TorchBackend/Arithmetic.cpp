// SPDX-License-Identifier: Apache-2.0
#include <ATen/ScalarOps.h>
#include <ATen/ops/diag_embed.h>
#include <ATen/ops/div.h>
#include <ATen/ops/floor_divide.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/where.h>

#include <cmath>

#include "Handle.h"
#include "LinearAlgebra.h"
#include "Names.h"
#include "Operations.h"
#include "Types.h"

namespace torch_backend {
namespace {

at::Tensor mainDiagonal(const at::Tensor &a)
{
    switch (a.dim()) {
    case 1: return at::diag_embed(a);
    case 2: return a.diagonal();
    default:
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the shape ", a.sizes(), " is neither a vector nor a matrix"),
                      "give one vector or one matrix");
    }
}

at::Tensor applyUnary(int32_t operation, const at::Tensor &a)
{
    switch (operation) {
    case SUTURE_NEGATE: return a.neg();
    case SUTURE_EXP: return a.exp();
    case SUTURE_LOG: return a.log();
    case SUTURE_SQRT: return a.sqrt();
    case SUTURE_RSQRT: return a.rsqrt();
    case SUTURE_ABS: return a.abs();
    case SUTURE_SIGN: return a.sign();
    case SUTURE_TANH: return a.tanh();
    case SUTURE_SIGMOID: return a.sigmoid();
    case SUTURE_RELU: return a.relu();
    case SUTURE_GELU: return at::gelu(a, "none");
    case SUTURE_GELU_TANH: return at::gelu(a, "tanh");
    case SUTURE_SILU: return at::silu(a);
    case SUTURE_SQUARE: return a.square();
    case SUTURE_RECIPROCAL: return a.reciprocal();
    case SUTURE_IS_FINITE: return a.isfinite();
    case SUTURE_NOT: return a.logical_not();
    case SUTURE_COS: return a.cos();
    case SUTURE_SIN: return a.sin();
    case SUTURE_FLOOR: return a.floor();
    case SUTURE_CLONE: return a.clone(at::MemoryFormat::Contiguous);
    case SUTURE_DETACH: return a.detach();
    case SUTURE_CONTIGUOUS: return a.contiguous();
    case SUTURE_LOG1P: return a.log1p();
    case SUTURE_EXPM1: return a.expm1();
    case SUTURE_ROUND: return a.round();
    case SUTURE_DIAGONAL: return mainDiagonal(a);
    case SUTURE_SOFTPLUS: return at::logaddexp(a, at::zeros_like(a)); // at::softplus is linear from 20 on
    default: throw unknown("unary operation", operation);
    }
}

at::Tensor applyBinary(int32_t operation, const at::Tensor &a, const at::Tensor &b)
{
    switch (operation) {
    case SUTURE_ADD: return a.add(b);
    case SUTURE_SUBTRACT: return a.sub(b);
    case SUTURE_MULTIPLY: return a.mul(b);
    case SUTURE_DIVIDE: return a.div(b);
    case SUTURE_POWER: return a.pow(b);
    case SUTURE_MINIMUM: return a.minimum(b);
    case SUTURE_MAXIMUM: return a.maximum(b);
    case SUTURE_EQUAL: return a.eq(b);
    case SUTURE_NOT_EQUAL: return a.ne(b);
    case SUTURE_LESS: return a.lt(b);
    case SUTURE_LESS_EQUAL: return a.le(b);
    case SUTURE_GREATER: return a.gt(b);
    case SUTURE_GREATER_EQUAL: return a.ge(b);
    case SUTURE_AND: return a.logical_and(b);
    case SUTURE_OR: return a.logical_or(b);
    case SUTURE_MATMUL: return a.matmul(b);
    case SUTURE_CHOLESKY_SOLVE: return choleskySolve(a, b);
    case SUTURE_SOLVE: return solve(a, b);
    case SUTURE_LEAST_SQUARES: return leastSquares(a, b);
    case SUTURE_TRIANGULAR_SOLVE: return triangularSolve(a, b);
    case SUTURE_OUTER: return a.outer(b);
    case SUTURE_FLOOR_DIVIDE: return at::floor_divide(a, b);
    case SUTURE_REMAINDER: return a.remainder(b);
    default: throw unknown("binary operation", operation);
    }
}

/// A number as an operand that takes no part in the promotion of dtypes beyond its kind.
at::Tensor operand(int32_t operation, const at::Tensor &beside, double number)
{
    // A negative power of an integer is a fraction.
    bool isFraction = operation == SUTURE_POWER && number < 0;
    at::Scalar scalar = isFraction ? at::Scalar(number) : numberBeside(beside.scalar_type(), number);
    return at::native::wrapped_scalar_tensor(scalar);
}

/// A bound of clamp, or none where it is infinite.
std::optional<at::Scalar> bound(const at::Tensor &a, double number)
{
    if (std::isnan(number))
        throw Failure(SUTURE_INVALID_ARGUMENT, "a bound is not a number");
    return std::isinf(number) ? std::nullopt : std::optional<at::Scalar>(numberBeside(a.scalar_type(), number));
}

} // namespace

suture_error *unary(int32_t operation, suture_tensor *a, suture_tensor **out)
try {
    *out = newHandle(applyUnary(operation, tensor(a)));
    return nullptr;
}
GUARD(unaryName(operation))

suture_error *binary(int32_t operation, suture_tensor *a, suture_tensor *b, suture_tensor **out)
try {
    *out = newHandle(applyBinary(operation, tensor(a), tensor(b)));
    return nullptr;
}
GUARD(binaryName(operation))

suture_error *binary_number(int32_t operation, suture_tensor *a, double b, int32_t is_reversed, suture_tensor **out)
try {
    bool isOffered = (operation >= SUTURE_ADD && operation <= SUTURE_GREATER_EQUAL) || operation == SUTURE_REMAINDER;
    if (!isOffered)
        throw unknown("binary operation with a number", operation);
    const at::Tensor &left = tensor(a);
    at::Tensor right = operand(operation, left, b);
    *out = newHandle(is_reversed ? applyBinary(operation, right, left) : applyBinary(operation, left, right));
    return nullptr;
}
GUARD(binaryName(operation))

suture_error *where(suture_tensor *condition, suture_tensor *a, suture_tensor *b, suture_tensor **out)
try {
    const at::Tensor &chooses = tensor(condition);
    if (chooses.scalar_type() != at::kBool)
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("the condition is of dtype ", c10::toString(chooses.scalar_type()), ", not bool"),
                      "compare it with zero");
    *out = newHandle(at::where(chooses, tensor(a), tensor(b)));
    return nullptr;
}
GUARD("where")

suture_error *clamp(suture_tensor *a, double low, double high, suture_tensor **out)
try {
    const at::Tensor &given = tensor(a);
    std::optional<at::Scalar> lower = bound(given, low), upper = bound(given, high);
    *out = newHandle(lower || upper ? given.clamp(lower, upper) : given.clone());
    return nullptr;
}
GUARD("clamp")

} // namespace torch_backend
