// SPDX-License-Identifier: Apache-2.0
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "Devices.h"
#include "Foreign.h"
#include "Operations.h"

namespace torch_backend {
namespace {

void requireGraph(const at::Tensor &a)
{
    if (!a.requires_grad())
        throw Failure(SUTURE_FAILED_PRECONDITION, "the tensor does not depend on a leaf that requires a gradient",
                      "make a leaf, and compute from it while gradients are recorded");
    // At its first use the engine counts the devices, and remembers for good whether there is CUDA.
    loadCudaWherePresent();
}

} // namespace

int32_t set_gradient_mode(int32_t records)
{
    bool previous = at::GradMode::is_enabled();
    at::GradMode::set_enabled(records != 0);
    return previous;
}

/// The data is shared, not copied.
suture_error *leaf(suture_tensor *a, int32_t requires_gradient, suture_tensor **out)
try {
    *out = newHandle(tensor(a).detach().set_requires_grad(requires_gradient != 0));
    return nullptr;
}
GUARD("leaf")

suture_error *backward(suture_tensor *a, int32_t keeps_graph)
try {
    const at::Tensor &loss = tensor(a);
    if (loss.numel() != 1)
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the tensor has shape ", loss.sizes(), ", not one element"),
                      "sum it first");
    requireGraph(loss);
    torch::autograd::backward({loss}, {}, keeps_graph != 0);
    return nullptr;
}
GUARD("backward")

suture_error *gradient(suture_tensor *leaf, suture_tensor **out)
try {
    const at::Tensor &given = tensor(leaf);
    // libtorch warns when asked for the gradient of anything but a leaf.
    at::Tensor accumulated = given.is_leaf() ? given.grad() : at::Tensor();
    *out = accumulated.defined() ? newHandle(accumulated) : nullptr;
    return nullptr;
}
GUARD("gradient")

suture_error *gradients(suture_tensor *output, suture_tensor *const *inputs, int64_t count, int32_t keeps_graph,
                        suture_tensor **out)
try {
    const at::Tensor &result = tensor(output);
    std::vector<at::Tensor> sources = tensors(inputs, count);
    if (sources.empty())
        return nullptr;
    requireGraph(result);
    for (int64_t i = 0; i < count; i++)
        if (!sources[static_cast<size_t>(i)].requires_grad())
            throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("input ", i, " does not require a gradient"),
                          "make a leaf of it before it is used");
    std::vector<at::Tensor> found = torch::autograd::grad({result}, sources, {at::ones_like(result)}, keeps_graph != 0,
                                                          /*create_graph=*/false, /*allow_unused=*/true);
    std::vector<Owned> handles;
    for (at::Tensor &each : found)
        handles.emplace_back(each.defined() ? newHandle(std::move(each)) : nullptr);
    for (size_t i = 0; i < handles.size(); i++)
        out[i] = handles[i].release();
    return nullptr;
}
GUARD("gradients")

suture_error *assign(suture_tensor *a, suture_tensor *source)
try {
    const at::Tensor &target = tensor(a), &given = tensor(source);
    if (target.sizes() != given.sizes() || target.scalar_type() != given.scalar_type())
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("the tensor is ", c10::toString(target.scalar_type()), " ", target.sizes(),
                               " and the source ", c10::toString(given.scalar_type()), " ", given.sizes()),
                      "reshape and cast the source first");
    requireWritable(target);
    at::NoGradGuard unrecorded;
    target.copy_(given);
    return nullptr;
}
GUARD("assign")

} // namespace torch_backend
