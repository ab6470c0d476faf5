// SPDX-License-Identifier: Apache-2.0
//
// Tensors over memory that belongs to somebody else, and tensors that nobody may change.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "Handle.h"

namespace torch_backend {

struct ForeignMemory {
    void *data;
    at::IntArrayRef sizes;
    at::IntArrayRef strides; // empty: row-major
    at::TensorOptions options;
    bool isReadOnly;
};

/// A handle on foreign memory without a copy. `release` runs once, when the last tensor over it is gone; it never runs
/// when this throws, so that the memory stays the caller's.
suture_tensor *handleOnForeign(const ForeignMemory &memory, std::function<void()> release);

/// Whether the memory may not be written: it was lent, or sealed (torch_backend_seal). This holds for every view.
bool isReadOnly(const at::Tensor &tensor);

/// Refuses to write where that is so. Such memory may be mapped read-only, and a write into it would end the process.
void requireWritable(const at::Tensor &tensor);

/// Remembers what memory holds whose address goes out, where later work reads it and the system does not protect it.
void noteExport(const at::Tensor &tensor);

} // namespace torch_backend
