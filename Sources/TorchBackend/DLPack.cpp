// SPDX-License-Identifier: Apache-2.0
#include <ATen/DLConvertor.h>

#include "Devices.h"
#include "Foreign.h"
#include "Operations.h"
#include "Types.h"

namespace torch_backend {
namespace {

at::Device deviceOf(const DLTensor &source)
{
    switch (source.device.device_type) {
    case kDLCPU: return at::Device(at::kCPU);
    case kDLCUDA: return cudaDevice(source.device.device_id);
    default:
        throw Failure(SUTURE_UNIMPLEMENTED,
                      c10::str("memory of the DLPack device type ", static_cast<int>(source.device.device_type)),
                      "copy it to the CPU first");
    }
}

} // namespace

suture_error *to_dlpack(suture_tensor *a, DLManagedTensorVersioned **out)
try {
    const at::Tensor &source = tensor(a);
    noteExport(source);
    DLManagedTensorVersioned *managed = at::toDLPackVersioned(source.detach());
    if (isReadOnly(source))
        managed->flags |= DLPACK_FLAG_BITMASK_READ_ONLY;
    *out = managed;
    return nullptr;
}
GUARD("to_dlpack")

/// After an error the struct stays the caller's. Memory marked read-only is treated as borrowed memory is.
suture_error *from_dlpack(DLManagedTensorVersioned *managed, suture_tensor **out)
try {
    if (managed->version.major != DLPACK_MAJOR_VERSION)
        throw Failure(SUTURE_UNIMPLEMENTED, c10::str("the struct follows DLPack ", managed->version.major),
                      c10::str("use DLPack ", DLPACK_MAJOR_VERSION));
    const DLTensor &source = managed->dl_tensor;
    if (source.ndim < 0 || source.ndim > SUTURE_MAXIMUM_RANK)
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the tensor has ", source.ndim, " dimensions"));
    at::ScalarType type = at::toScalarType(source.dtype);
    codeOfType(type); // refuses what the table has no code for
    ForeignMemory memory{static_cast<char *>(source.data) + source.byte_offset, integers(source.shape, source.ndim),
                         source.strides ? integers(source.strides, source.ndim) : at::IntArrayRef(),
                         at::TensorOptions().dtype(type).device(deviceOf(source)),
                         (managed->flags & DLPACK_FLAG_BITMASK_READ_ONLY) != 0};
    *out = handleOnForeign(memory, [managed] {
        if (managed->deleter)
            managed->deleter(managed);
    });
    return nullptr;
}
GUARD("from_dlpack")

} // namespace torch_backend
