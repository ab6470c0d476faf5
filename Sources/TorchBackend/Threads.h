// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace torch_backend {

/// Has kernels chosen by the sizes of their operands alone, and not by where these lie in memory. Further calls do nothing.
void fixKernels();

} // namespace torch_backend
