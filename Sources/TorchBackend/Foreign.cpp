// SPDX-License-Identifier: Apache-2.0
#include "Foreign.h"

#include <ATen/ops/from_blob.h>

#include <memory>
#include <utility>

namespace torch_backend {
namespace {

struct Owner {
    std::function<void()> release;
    bool isReadOnly;
    bool isArmed = false;
};

/// The storage's deleter; its address also marks foreign storages.
void endOwner(void *context)
{
    std::unique_ptr<Owner> owner(static_cast<Owner *>(context));
    if (owner->isArmed && owner->release)
        owner->release();
}

} // namespace

suture_tensor *handleOnForeign(const ForeignMemory &memory, std::function<void()> release)
{
    auto owner = std::make_unique<Owner>(Owner{std::move(release), memory.isReadOnly});
    Owner *armed = owner.get();
    auto maker = at::for_blob(memory.data, memory.sizes);
    maker.context(owner.release(), endOwner).options(memory.options).target_device(memory.options.device());
    if (!memory.strides.empty())
        maker.strides(memory.strides);
    suture_tensor *handle = newHandle(maker.make_tensor());
    armed->isArmed = true;
    return handle;
}

void requireWritable(const at::Tensor &tensor)
{
    const c10::DataPtr &memory = tensor.storage().data_ptr();
    if (memory.get_deleter() == endOwner && static_cast<const Owner *>(memory.get_context())->isReadOnly)
        throw Failure(SUTURE_FAILED_PRECONDITION, "the tensor uses borrowed memory, which must not be changed",
                      "clone it first");
}

} // namespace torch_backend
