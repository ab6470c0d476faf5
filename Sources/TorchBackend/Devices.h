// SPDX-License-Identifier: Apache-2.0
//
// CUDA without a CUDA header: libtorch_cuda registers itself when it is loaded, and is loaded only when asked for.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace torch_backend {

/// The device with that index. Throws SUTURE_UNAVAILABLE where CUDA or the device is missing.
c10::Device cudaDevice(int32_t index);

/// Loads libtorch_cuda where it lies beside libtorch_cpu; no error where it does not. Call before the first use of
/// anything that counts devices once and for all, as the autograd engine does.
void loadCudaWherePresent();

} // namespace torch_backend
