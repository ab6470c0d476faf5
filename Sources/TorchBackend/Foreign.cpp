// SPDX-License-Identifier: Apache-2.0
#include "Foreign.h"

#include <ATen/ops/from_blob.h>
#include <c10/util/intrusive_ptr.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "TorchBackend.h"

namespace torch_backend {
namespace {

/// What stands behind a storage that is not libtorch's alone.
struct Owner {
    std::function<void()> release;
    std::atomic<bool> isReadOnly;
    /// Whether later work reads the memory, too.
    std::atomic<bool> isLasting{false};
    bool isArmed = false;
    /// The memory itself, where it was libtorch's before it was sealed.
    c10::DataPtr sealed;

    Owner(std::function<void()> release, bool isReadOnly) : release(std::move(release)), isReadOnly(isReadOnly) {}
};

/// The storage's deleter; its address also marks such storages.
void endOwner(void *context)
{
    std::unique_ptr<Owner> owner(static_cast<Owner *>(context));
    if (owner->isArmed && owner->release)
        owner->release();
}

Owner *ownerOf(const at::Tensor &tensor)
{
    if (!tensor.has_storage())
        return nullptr;
    const c10::DataPtr &memory = tensor.storage().data_ptr();
    return memory.get_deleter() == endOwner ? static_cast<Owner *>(memory.get_context()) : nullptr;
}

} // namespace

suture_tensor *handleOnForeign(const ForeignMemory &memory, std::function<void()> release)
{
    auto owner = std::make_unique<Owner>(std::move(release), memory.isReadOnly);
    Owner *armed = owner.get();
    auto maker = at::for_blob(memory.data, memory.sizes);
    maker.context(owner.release(), endOwner).options(memory.options).target_device(memory.options.device());
    if (!memory.strides.empty())
        maker.strides(memory.strides);
    suture_tensor *handle = newHandle(maker.make_tensor());
    armed->isArmed = true;
    return handle;
}

bool isReadOnly(const at::Tensor &tensor)
{
    const Owner *owner = ownerOf(tensor);
    return owner && owner->isReadOnly;
}

void requireWritable(const at::Tensor &tensor)
{
    if (isReadOnly(tensor))
        throw Failure(
            SUTURE_FAILED_PRECONDITION,
            "the tensor is read-only: its memory belongs to the model, to the host or to somebody who lent it",
            "clone() it and change the copy (SUTURE_CLONE in C)");
}

namespace {

/// Memory that went out by its address, with what it held then.
struct Export {
    c10::weak_intrusive_ptr<c10::StorageImpl> storage;
    at::Tensor view;
    at::Tensor copy;
};

std::mutex exportsLock;
std::vector<Export> exports;

/// A look at a storage without a share in it.
at::Tensor unowned(const at::Tensor &tensor)
{
    return at::from_blob(
        const_cast<void *>(tensor.const_data_ptr()), tensor.sizes(), tensor.strides(), [](void *) {},
        tensor.options().requires_grad(false), tensor.device());
}

} // namespace

void noteExport(const at::Tensor &tensor)
{
    const Owner *owner = ownerOf(tensor);
    // Borrowed memory is not the host's, or lies in pages that nobody can write.
    if (!owner || !owner->isReadOnly || !owner->isLasting || !owner->sealed)
        return;
    std::lock_guard<std::mutex> lock(exportsLock);
    for (const Export &each : exports)
        if (!each.storage.expired() && each.view.const_data_ptr() == tensor.const_data_ptr() &&
            each.view.sizes() == tensor.sizes() && each.view.strides() == tensor.strides())
            return;
    exports.push_back(Export{c10::weak_intrusive_ptr<c10::StorageImpl>(tensor.storage().getWeakStorageImpl()),
                             unowned(tensor), tensor.detach().to(at::kCPU, /*non_blocking=*/false, /*copy=*/true)});
}

} // namespace torch_backend

using namespace torch_backend;

void torch_backend_seal(suture_tensor *handle, int32_t is_lasting)
try {
    const at::Tensor &tensor = handle->value;
    if (!tensor.has_storage())
        return;
    if (!ownerOf(tensor)) {
        c10::StorageImpl *storage = tensor.storage().unsafeGetStorageImpl();
        auto owner = std::make_unique<Owner>(nullptr, true);
        void *data = storage->mutable_data();
        at::Device device = storage->device();
        Owner *kept = owner.get();
        kept->sealed = storage->set_data_ptr(c10::DataPtr(data, owner.release(), endOwner, device));
    }
    Owner *owner = ownerOf(tensor);
    owner->isReadOnly = true;
    if (is_lasting)
        owner->isLasting = true;
} catch (...) {
    // No memory for a small struct: the next allocation says so.
}

int32_t torch_backend_shares_memory(suture_tensor *a, suture_tensor *b)
{
    return a->value.has_storage() && b->value.has_storage() && a->value.storage().is_alias_of(b->value.storage());
}

int32_t torch_backend_exports_are_unchanged(void)
try {
    std::lock_guard<std::mutex> lock(exportsLock);
    exports.erase(
        std::remove_if(exports.begin(), exports.end(), [](const Export &each) { return each.storage.expired(); }),
        exports.end());
    return std::all_of(exports.begin(), exports.end(), [](const Export &each) {
        auto alive = each.storage.lock();
        // By bits: a NaN equals itself.
        auto bits = [](const at::Tensor &tensor) { return tensor.contiguous().reshape(-1).view(at::kByte); };
        return !alive || bits(each.view.to(at::kCPU)).equal(bits(each.copy));
    });
} catch (...) {
    return 0;
}
