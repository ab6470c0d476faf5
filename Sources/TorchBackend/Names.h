// SPDX-License-Identifier: Apache-2.0
//
// What error messages call the operations that the table knows by number.
#pragma once

#include <cstdint>

namespace torch_backend {

const char *unaryName(int32_t operation) noexcept;
const char *binaryName(int32_t operation) noexcept;
const char *reductionName(int32_t operation) noexcept;
const char *alongName(int32_t operation) noexcept;
const char *decompositionName(int32_t operation) noexcept;
const char *indexedName(int32_t operation) noexcept;
const char *shapeName(int32_t operation) noexcept;

} // namespace torch_backend
