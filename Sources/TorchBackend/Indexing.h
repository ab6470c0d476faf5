// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace torch_backend {

/// Refuses indices that are not int64 in 0 ..< size. On the CPU libtorch would refuse most of them itself, though it
/// lets some negative ones pass; on a GPU a wrong index ends the process.
void requireIndices(const at::Tensor &indices, int64_t size);

} // namespace torch_backend
