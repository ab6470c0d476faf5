// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include "Handle.h"
#include "Names.h"
#include "Operations.h"

namespace torch_backend {
namespace {

at::Tensor applyShape(int32_t operation, const at::Tensor &a, at::IntArrayRef sizes)
{
    switch (operation) {
    case SUTURE_RESHAPE: return a.reshape(sizes);
    case SUTURE_EXPAND: return a.expand(sizes);
    case SUTURE_PERMUTE: return a.permute(sizes);
    default: throw unknown("shape operation", operation);
    }
}

} // namespace

suture_error *shape(int32_t operation, suture_tensor *a, const int64_t *sizes, int64_t count, suture_tensor **out)
try {
    *out = newHandle(applyShape(operation, tensor(a), integers(sizes, count)));
    return nullptr;
}
GUARD(shapeName(operation))

suture_error *transpose(suture_tensor *a, int64_t first, int64_t second, suture_tensor **out)
try {
    *out = newHandle(tensor(a).transpose(first, second));
    return nullptr;
}
GUARD("transpose")

/// Bounds beyond the dimension are clamped, and negative ones count from its end.
suture_error *slice(suture_tensor *a, int64_t dimension, int64_t start, int64_t end, int64_t step, suture_tensor **out)
try {
    *out = newHandle(tensor(a).slice(dimension, start, end, step));
    return nullptr;
}
GUARD("slice")

suture_error *select(suture_tensor *a, int64_t dimension, int64_t index, suture_tensor **out)
try {
    *out = newHandle(tensor(a).select(dimension, index));
    return nullptr;
}
GUARD("select")

suture_error *concatenate(suture_tensor *const *tensors, int64_t count, int64_t dimension, int32_t stacks,
                          suture_tensor **out)
try {
    std::vector<at::Tensor> parts = torch_backend::tensors(tensors, count);
    if (parts.empty())
        throw Failure(SUTURE_INVALID_ARGUMENT, "there are no tensors to put together", "give at least one tensor");
    *out = newHandle(stacks ? at::stack(parts, dimension) : at::cat(parts, dimension));
    return nullptr;
}
GUARD("concatenate")

suture_error *triangle(suture_tensor *a, int64_t diagonal, int32_t upper, suture_tensor **out)
try {
    const at::Tensor &given = tensor(a);
    *out = newHandle(upper ? given.triu(diagonal) : given.tril(diagonal));
    return nullptr;
}
GUARD("triangle")

} // namespace torch_backend
