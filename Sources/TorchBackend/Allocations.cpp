// SPDX-License-Identifier: Apache-2.0
//
// Counts the blocks of memory that tensors take, for tests of what an edit costs.
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <atomic>

#include "TorchBackend.h"

namespace {

/// Hands every request on to the allocator that was there before it.
class CountingAllocator final : public c10::Allocator {
public:
    explicit CountingAllocator(c10::Allocator *inner) : inner(inner) {}

    c10::DataPtr allocate(size_t bytes) override
    {
        count.fetch_add(1, std::memory_order_relaxed);
        return inner->allocate(bytes);
    }
    bool is_simple_data_ptr(const c10::DataPtr &data) const override { return inner->is_simple_data_ptr(data); }
    c10::DeleterFnPtr raw_deleter() const override { return inner->raw_deleter(); }
    void copy_data(void *to, const void *from, size_t bytes) const override { inner->copy_data(to, from, bytes); }

    std::atomic<int64_t> count{0};

private:
    c10::Allocator *inner;
};

/// The allocator is never taken away again: memory that it gave may live as long as the process.
CountingAllocator &counter()
{
    static auto *counter = [] {
        auto *made = new CountingAllocator(c10::GetCPUAllocator());
        c10::SetCPUAllocator(made);
        return made;
    }();
    return *counter;
}

} // namespace

int64_t torch_backend_count_allocations(void)
{
    return counter().count.load(std::memory_order_relaxed);
}
