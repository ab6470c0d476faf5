// SPDX-License-Identifier: Apache-2.0
#include "Handle.h"

#include <algorithm>
#include <utility>

#include "CSutureHost.h"
#include "Operations.h"
#include "TorchBackend.h"
#include "Types.h"

namespace {

std::atomic<int64_t> liveTensors{0};

} // namespace

suture_tensor::suture_tensor(at::Tensor value) : value(std::move(value))
{
    liveTensors.fetch_add(1, std::memory_order_relaxed);
}

suture_tensor::~suture_tensor()
{
    liveTensors.fetch_sub(1, std::memory_order_relaxed);
}

int64_t torch_backend_live_tensors(void)
{
    return liveTensors.load(std::memory_order_relaxed);
}

namespace torch_backend {

suture_tensor *newHandle(at::Tensor value)
{
    if (value.dim() > SUTURE_MAXIMUM_RANK)
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the result has ", value.dim(), " dimensions"),
                      c10::str("use at most ", SUTURE_MAXIMUM_RANK, " dimensions; merge some by reshaping"));
    suture_host_note_activity();
    return new suture_tensor(std::move(value));
}

const at::Tensor &tensor(const suture_tensor *handle)
{
    if (!handle)
        throw Failure(SUTURE_INVALID_ARGUMENT, "a tensor that must be given is NULL");
    return handle->value;
}

std::vector<at::Tensor> tensors(suture_tensor *const *handles, int64_t count)
{
    if (count < 0 || (count > 0 && !handles))
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the list of ", count, " tensors is missing"));
    std::vector<at::Tensor> values;
    values.reserve(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; i++)
        values.push_back(tensor(handles[i]));
    return values;
}

at::IntArrayRef integers(const int64_t *numbers, int64_t count)
{
    if (count < 0 || (count > 0 && !numbers))
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the list of ", count, " sizes or dimensions is missing"));
    return at::IntArrayRef(numbers, static_cast<size_t>(count));
}

void retain(suture_tensor *handle)
{
    handle->references.fetch_add(1, std::memory_order_relaxed);
}

void release(suture_tensor *handle)
{
    if (handle->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
        delete handle;
}

suture_error *info(suture_tensor *a, suture_tensor_info *out)
try {
    const at::Tensor &t = tensor(a);
    REQUIRED(out, suture_tensor_info);
    out->dtype = codeOfType(t.scalar_type());
    out->device = codeOfDevice(t.device());
    out->device_index = t.is_cpu() ? 0 : static_cast<int32_t>(t.get_device());
    out->rank = static_cast<int32_t>(t.dim());
    std::copy(t.sizes().begin(), t.sizes().end(), out->shape);
    out->requires_gradient = t.requires_grad();
    out->is_contiguous = t.is_contiguous();
    return nullptr;
}
GUARD("info")

} // namespace torch_backend
