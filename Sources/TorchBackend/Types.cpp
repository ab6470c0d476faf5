// SPDX-License-Identifier: Apache-2.0
#include "Types.h"

#include <cmath>
#include <limits>

#include "Devices.h"
#include "Handle.h"

namespace torch_backend {

at::ScalarType typeOfCode(int32_t dtype)
{
    switch (dtype) {
    case SUTURE_DTYPE_F32: return at::kFloat;
    case SUTURE_DTYPE_F64: return at::kDouble;
    case SUTURE_DTYPE_F16: return at::kHalf;
    case SUTURE_DTYPE_BF16: return at::kBFloat16;
    case SUTURE_DTYPE_I64: return at::kLong;
    case SUTURE_DTYPE_I32: return at::kInt;
    case SUTURE_DTYPE_BOOL: return at::kBool;
    case SUTURE_DTYPE_U8: return at::kByte;
    case SUTURE_DTYPE_I16: return at::kShort;
    case SUTURE_DTYPE_I8: return at::kChar;
    default: throw unknown("dtype", dtype);
    }
}

int32_t codeOfType(at::ScalarType type)
{
    switch (type) {
    case at::kFloat: return SUTURE_DTYPE_F32;
    case at::kDouble: return SUTURE_DTYPE_F64;
    case at::kHalf: return SUTURE_DTYPE_F16;
    case at::kBFloat16: return SUTURE_DTYPE_BF16;
    case at::kLong: return SUTURE_DTYPE_I64;
    case at::kInt: return SUTURE_DTYPE_I32;
    case at::kBool: return SUTURE_DTYPE_BOOL;
    case at::kByte: return SUTURE_DTYPE_U8;
    case at::kShort: return SUTURE_DTYPE_I16;
    case at::kChar: return SUTURE_DTYPE_I8;
    default:
        throw Failure(SUTURE_UNIMPLEMENTED, c10::str("tensors of dtype ", c10::toString(type), " have no code"),
                      "cast to a dtype of tensor.h first");
    }
}

at::Device deviceOfCode(int32_t device, int32_t index)
{
    switch (device) {
    case SUTURE_DEVICE_CPU: return at::Device(at::kCPU);
    case SUTURE_DEVICE_CUDA: return cudaDevice(index);
    default: throw unknown("device", device);
    }
}

int32_t codeOfDevice(at::Device device)
{
    if (device.is_cpu())
        return SUTURE_DEVICE_CPU;
    if (device.is_cuda())
        return SUTURE_DEVICE_CUDA;
    throw Failure(SUTURE_UNIMPLEMENTED, c10::str("the device ", device.str(), " has no code"));
}

Spec::Spec(const suture_tensor_spec *spec)
    : type(typeOfCode(REQUIRED(spec, suture_tensor_spec).dtype)), device(deviceOfCode(spec->device, spec->device_index))
{
    int32_t rank = spec->rank;
    if (rank < 0 || rank > SUTURE_MAXIMUM_RANK)
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the rank is ", rank),
                      c10::str("use 0 to ", SUTURE_MAXIMUM_RANK, " dimensions"));
    at::IntArrayRef sizes = integers(spec->shape, rank);
    shape = sizes.vec();
    for (int64_t size : sizes) {
        if (size < 0)
            throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the shape ", sizes, " has a negative size"));
        // Room for the widest element, so that byte counts cannot overflow either.
        if (size > 0 && count > std::numeric_limits<int64_t>::max() / 8 / size)
            throw Failure(SUTURE_RESOURCE_EXHAUSTED, c10::str("the shape ", sizes, " has more elements than fit"));
        count *= size;
    }
}

at::Scalar numberBeside(at::ScalarType type, double number)
{
    constexpr double limit = 9223372036854775808.0; // 2^63
    bool isWhole = std::trunc(number) == number && number >= -limit && number < limit;
    if (c10::isIntegralType(type, /*includeBool=*/true) && isWhole)
        return at::Scalar(static_cast<int64_t>(number));
    return at::Scalar(number);
}

} // namespace torch_backend
