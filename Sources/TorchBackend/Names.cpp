// SPDX-License-Identifier: Apache-2.0
#include "Names.h"

#include <cstddef>

#include "suture/tensor.h"

namespace torch_backend {
namespace {

/// The codes run from 1 without a gap; the first name is the one of numbers that are no code.
template <size_t count>
const char *name(const char *const (&names)[count], int32_t operation) noexcept
{
    return names[operation > 0 && static_cast<size_t>(operation) < count ? operation : 0];
}

constexpr const char *unaryNames[] = {"unary operation",
                                      "negate",
                                      "exp",
                                      "log",
                                      "sqrt",
                                      "rsqrt",
                                      "abs",
                                      "sign",
                                      "tanh",
                                      "sigmoid",
                                      "relu",
                                      "gelu",
                                      "gelu",
                                      "silu",
                                      "square",
                                      "reciprocal",
                                      "is_finite",
                                      "not",
                                      "cos",
                                      "sin",
                                      "floor",
                                      "clone",
                                      "detach",
                                      "contiguous",
                                      "log1p",
                                      "expm1",
                                      "round",
                                      "diagonal"};
static_assert(sizeof unaryNames / sizeof *unaryNames == SUTURE_DIAGONAL + 1, "one name for each code");

constexpr const char *binaryNames[] = {"binary operation",
                                       "add",
                                       "subtract",
                                       "multiply",
                                       "divide",
                                       "power",
                                       "minimum",
                                       "maximum",
                                       "equal",
                                       "not_equal",
                                       "less",
                                       "less_equal",
                                       "greater",
                                       "greater_equal",
                                       "and",
                                       "or",
                                       "matmul",
                                       "cholesky_solve",
                                       "solve",
                                       "least_squares",
                                       "triangular_solve",
                                       "outer",
                                       "floor_divide",
                                       "remainder"};
static_assert(sizeof binaryNames / sizeof *binaryNames == SUTURE_REMAINDER + 1, "one name for each code");

constexpr const char *reductionNames[] = {"reduction", "sum",      "mean",   "max",          "min",
                                          "norm",      "variance", "all",    "any",          "logsumexp",
                                          "product",   "argmax",   "argmin", "count_nonzero"};
static_assert(sizeof reductionNames / sizeof *reductionNames == SUTURE_COUNT_NONZERO + 1, "one name for each code");

constexpr const char *alongNames[] = {
    "operation along a dimension", "softmax", "log_softmax", "cumsum", "flip", "unsqueeze", "squeeze"};
static_assert(sizeof alongNames / sizeof *alongNames == SUTURE_SQUEEZE + 1, "one name for each code");

constexpr const char *decompositionNames[] = {"decomposition", "cholesky", "eigh", "svd", "pinv", "qr", "inverse"};
static_assert(sizeof decompositionNames / sizeof *decompositionNames == SUTURE_INVERSE + 1, "one name for each code");

constexpr const char *indexedNames[] = {"indexed operation", "index_select", "gather",  "index_add",
                                        "index_copy",        "scatter_add",  "scatter", "embedding"};
static_assert(sizeof indexedNames / sizeof *indexedNames == SUTURE_EMBEDDING + 1, "one name for each code");

constexpr const char *shapeNames[] = {"shape operation", "reshape", "expand", "permute"};
static_assert(sizeof shapeNames / sizeof *shapeNames == SUTURE_PERMUTE + 1, "one name for each code");

} // namespace

const char *unaryName(int32_t operation) noexcept
{
    return name(unaryNames, operation);
}
const char *binaryName(int32_t operation) noexcept
{
    return name(binaryNames, operation);
}
const char *reductionName(int32_t operation) noexcept
{
    return name(reductionNames, operation);
}
const char *alongName(int32_t operation) noexcept
{
    return name(alongNames, operation);
}
const char *decompositionName(int32_t operation) noexcept
{
    return name(decompositionNames, operation);
}
const char *indexedName(int32_t operation) noexcept
{
    return name(indexedNames, operation);
}
const char *shapeName(int32_t operation) noexcept
{
    return name(shapeNames, operation);
}

} // namespace torch_backend
