// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>

#include <cstring>

#include "Foreign.h"
#include "Operations.h"
#include "Types.h"

namespace torch_backend {
namespace {

void requireByteCount(const Spec &spec, int64_t byteCount)
{
    if (byteCount != spec.byteCount())
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("the shape ", at::IntArrayRef(spec.shape), " of ", c10::toString(spec.type), " takes ",
                               spec.byteCount(), " bytes, not ", byteCount),
                      "check the shape and the dtype of the data");
}

} // namespace

suture_error *full(const suture_tensor_spec *spec, double fill, suture_tensor **out)
try {
    Spec made(spec);
    *out = newHandle(at::full(made.shape, numberBeside(made.type, fill), made.options()));
    return nullptr;
}
GUARD("full")

suture_error *arange(const suture_tensor_spec *spec, double start, double end, double step, suture_tensor **out)
try {
    Spec made(spec);
    *out = newHandle(at::arange(numberBeside(made.type, start), numberBeside(made.type, end),
                                numberBeside(made.type, step), made.options()));
    return nullptr;
}
GUARD("arange")

suture_error *eye(const suture_tensor_spec *spec, int64_t n, suture_tensor **out)
try {
    Spec made(spec);
    *out = newHandle(at::eye(n, made.options()));
    return nullptr;
}
GUARD("eye")

suture_error *from_bytes(const suture_tensor_spec *spec, const void *bytes, int64_t byte_count, suture_tensor **out)
try {
    Spec made(spec);
    requireByteCount(made, byte_count);
    // A byte that is neither 0 nor 1 is not a bool, so bytes are read and compared.
    bool isBool = made.type == at::kBool;
    at::Tensor copy = at::empty(made.shape, isBool ? made.onCPU().dtype(at::kByte) : made.onCPU());
    if (byte_count > 0)
        std::memcpy(copy.mutable_data_ptr(), bytes, static_cast<size_t>(byte_count));
    *out = newHandle((isBool ? copy.ne(0) : copy).to(made.device));
    return nullptr;
}
GUARD("from_bytes")

/// After an error `release` is not called: the memory stays the caller's.
suture_error *from_borrowed(const suture_tensor_spec *spec, const void *bytes, int64_t byte_count,
                            void *release_context, void (*release)(void *), suture_tensor **out)
try {
    Spec made(spec);
    requireByteCount(made, byte_count);
    if (!made.device.is_cpu())
        throw Failure(SUTURE_INVALID_ARGUMENT, "only CPU memory can be borrowed",
                      "borrow it on the CPU and cast the tensor to the device");
    size_t alignment = c10::elementSize(made.type);
    if (reinterpret_cast<uintptr_t>(bytes) % alignment != 0)
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("the memory is not aligned to the ", alignment, " bytes of an element"),
                      "copy the bytes instead of borrowing them");
    // libtorch has no const storage; requireWritable() keeps the promise.
    ForeignMemory memory{const_cast<void *>(bytes), made.shape, {}, made.options(), /*isReadOnly=*/true};
    *out = handleOnForeign(memory, [release, release_context] {
        if (release)
            release(release_context);
    });
    return nullptr;
}
GUARD("from_borrowed")

suture_error *to_bytes(suture_tensor *a, void *bytes, int64_t capacity)
try {
    at::Tensor source = tensor(a).detach();
    auto byteCount = static_cast<int64_t>(source.numel() * source.element_size());
    if (capacity < byteCount)
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("the tensor has ", byteCount, " bytes and the buffer ", capacity),
                      "make the buffer as large as the tensor");
    source = source.to(at::kCPU).contiguous();
    if (byteCount > 0)
        std::memcpy(bytes, source.const_data_ptr(), static_cast<size_t>(byteCount));
    return nullptr;
}
GUARD("to_bytes")

/// A dtype or device of -1 leaves it unchanged. Where nothing changes, the result shares its data with the input.
suture_error *cast(suture_tensor *a, int32_t dtype, int32_t device, int32_t device_index, suture_tensor **out)
try {
    const at::Tensor &source = tensor(a);
    at::ScalarType type = dtype == -1 ? source.scalar_type() : typeOfCode(dtype);
    at::Device place = device == -1 ? source.device() : deviceOfCode(device, device_index);
    *out = newHandle(source.to(place, type));
    return nullptr;
}
GUARD("cast")

} // namespace torch_backend
