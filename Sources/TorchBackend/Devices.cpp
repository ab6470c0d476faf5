// SPDX-License-Identifier: Apache-2.0
#include "Devices.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <torch/version.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>

#include "Guard.h"
#include "Operations.h"
#include "TorchBackend.h"

namespace torch_backend {
namespace {

#ifdef __APPLE__
constexpr const char *cudaLibrary = "libtorch_cuda.dylib";
#else
constexpr const char *cudaLibrary = "libtorch_cuda.so";
#endif

std::atomic<bool> cudaIsLoaded{false};

/// The path of libtorch_cuda beside the libtorch_cpu in use, whether or not it exists.
std::string cudaBesideCPU()
{
    Dl_info where{};
    // Any function of libtorch_cpu would do.
    auto *address = reinterpret_cast<void *>(&at::detail::getCUDAHooks);
    if (!dladdr(address, &where) || !where.dli_fname)
        return cudaLibrary;
    std::string path(where.dli_fname);
    return path.substr(0, path.rfind('/') + 1) + cudaLibrary;
}

/// "" after success, else what the dynamic linker said.
std::string load(const std::string &path)
{
    // Global scope: libtorch_cuda's kernels and ours meet in one registry. Never closed.
    if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) {
        cudaIsLoaded = true;
        return "";
    }
    const char *reason = dlerror();
    return reason ? reason : "the library could not be loaded";
}

/// Tries both places, once per process. Returns "" or the reason of the first failure.
const std::string &loadCuda()
{
    static std::once_flag once;
    static std::string reason;
    std::call_once(once, [] {
        reason = load(cudaBesideCPU());
        if (!reason.empty() && load(cudaLibrary).empty())
            reason.clear();
    });
    return reason;
}

int64_t cudaDeviceCount()
{
    const std::string &reason = loadCuda();
    if (!reason.empty())
        throw Failure(SUTURE_UNAVAILABLE,
                      c10::str("CUDA needs ", cudaBesideCPU(), ", which cannot be loaded (", reason, ")"),
                      c10::str("install the CUDA build of torch ", TORCH_VERSION,
                               " and point LIBTORCH at it, or set device: cpu"));
    const auto &hooks = at::detail::getCUDAHooks();
    return hooks.hasCUDA() ? hooks.deviceCount() : 0;
}

} // namespace

void loadCudaWherePresent()
{
    static std::once_flag once;
    std::call_once(once, [] {
        if (access(cudaBesideCPU().c_str(), R_OK) == 0)
            loadCuda();
    });
}

c10::Device cudaDevice(int32_t index)
{
    int64_t count = cudaDeviceCount();
    if (count == 0)
        throw Failure(SUTURE_UNAVAILABLE, "there is no CUDA device, or no driver for it",
                      "check that nvidia-smi lists a device, or set device: cpu");
    if (index < 0 || index >= count)
        throw Failure(SUTURE_UNAVAILABLE, c10::str("there is no CUDA device ", index),
                      c10::str("use an index below ", count));
    return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

suture_error *device_count(int32_t device, int64_t *out)
try {
    switch (device) {
    case SUTURE_DEVICE_CPU: *out = 1; break;
    case SUTURE_DEVICE_CUDA: *out = cudaDeviceCount(); break;
    default: throw unknown("device", device);
    }
    return nullptr;
}
GUARD("device_count")

} // namespace torch_backend

const char *torch_backend_version(void)
{
    return torch_backend::cudaIsLoaded ? TORCH_VERSION "+cuda" : TORCH_VERSION "+cpu";
}
