// SPDX-License-Identifier: Apache-2.0
//
// A suture_tensor is a counted box around an at::Tensor.
#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "Guard.h"

struct suture_tensor {
    explicit suture_tensor(at::Tensor value);
    ~suture_tensor();
    suture_tensor(const suture_tensor &) = delete;
    suture_tensor &operator=(const suture_tensor &) = delete;

    std::atomic<int64_t> references{1};
    const at::Tensor value;
};

namespace torch_backend {

/// A new handle with one reference. Refuses tensors that suture_tensor_info cannot describe.
suture_tensor *newHandle(at::Tensor value);

/// A handle under construction that goes away when an exception passes.
using Owned = std::unique_ptr<suture_tensor>;

/// The tensor of a handle. A plugin written in C may pass NULL by mistake.
const at::Tensor &tensor(const suture_tensor *handle);

/// The tensor of a handle that may be NULL.
inline std::optional<at::Tensor> optionalTensor(const suture_tensor *handle)
{
    return handle ? std::optional<at::Tensor>(handle->value) : std::nullopt;
}

std::vector<at::Tensor> tensors(suture_tensor *const *handles, int64_t count);

/// An array of dimensions or sizes.
at::IntArrayRef integers(const int64_t *numbers, int64_t count);

} // namespace torch_backend
