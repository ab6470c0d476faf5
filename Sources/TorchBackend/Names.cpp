// SPDX-License-Identifier: Apache-2.0
#include "Names.h"

#include <cstddef>

#include "OperationNames.h"

namespace torch_backend {
namespace {

/// The codes run from 1 without a gap; the first name is the one of numbers that are no code.
template <size_t count>
const char *name(const char *const (&names)[count], int32_t operation) noexcept
{
    return names[operation > 0 && static_cast<size_t>(operation) < count ? operation : 0];
}

} // namespace

const char *unaryName(int32_t operation) noexcept
{
    return name(unaryNames, operation);
}
const char *binaryName(int32_t operation) noexcept
{
    return name(binaryNames, operation);
}
const char *reductionName(int32_t operation) noexcept
{
    return name(reductionNames, operation);
}
const char *alongName(int32_t operation) noexcept
{
    return name(alongNames, operation);
}
const char *decompositionName(int32_t operation) noexcept
{
    return name(decompositionNames, operation);
}
const char *indexedName(int32_t operation) noexcept
{
    return name(indexedNames, operation);
}
const char *shapeName(int32_t operation) noexcept
{
    return name(shapeNames, operation);
}

} // namespace torch_backend
