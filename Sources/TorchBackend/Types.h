// SPDX-License-Identifier: Apache-2.0
//
// Between the codes of tensor.h and libtorch's own types.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Scalar.h>
#include <c10/core/TensorOptions.h>

#include <vector>

#include "Guard.h"

namespace torch_backend {

at::ScalarType typeOfCode(int32_t dtype);
int32_t codeOfType(at::ScalarType type);

/// Loads what the device needs on first use, and checks that it is there.
at::Device deviceOfCode(int32_t device, int32_t index);
int32_t codeOfDevice(at::Device device);

/// A suture_tensor_spec, read field by field and checked.
struct Spec {
    explicit Spec(const suture_tensor_spec *spec);

    at::ScalarType type;
    at::Device device;
    std::vector<int64_t> shape;
    int64_t count = 1;

    at::TensorOptions options() const { return at::TensorOptions().dtype(type).device(device); }
    at::TensorOptions onCPU() const { return at::TensorOptions().dtype(type).device(at::kCPU); }
    int64_t byteCount() const { return count * static_cast<int64_t>(c10::elementSize(type)); }
};

/// The ABI gives every number as a double. Beside an integer tensor a whole number counts as an integer, so that
/// `tokens + 1` stays int64; anything else promotes, as it does in PyTorch.
at::Scalar numberBeside(at::ScalarType type, double number);

} // namespace torch_backend
