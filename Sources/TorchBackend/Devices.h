// SPDX-License-Identifier: Apache-2.0
//
// CUDA without a CUDA header: libtorch_cuda registers itself when it is loaded, and is loaded only when asked for.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace torch_backend {

/// The device with that index. Throws SUTURE_UNAVAILABLE where CUDA or the device is missing.
c10::Device cudaDevice(int32_t index);

/// Loads libtorch_cuda if it is in the folder of libtorch_cpu; it is not an error if it is not there. Call this before
/// the first use of anything that counts devices once and for all, as the autograd engine does.
void loadCudaWherePresent();

} // namespace torch_backend
