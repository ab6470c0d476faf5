// SPDX-License-Identifier: Apache-2.0
//
// What decides about the last bits of a result besides its operands: how many threads share an operation, and which kernel
// each of them runs.
#include "Threads.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "TorchBackend.h"

namespace torch_backend {
namespace {

/// The variables that tell libtorch and the libraries in it which kernels to take, "MKL_CBWR=AUTO" and so on, in order.
std::string choicesOfEnvironment()
{
    std::vector<std::string_view> found;
    for (char **entry = environ; entry && *entry; ++entry) {
        std::string_view variable(*entry);
        auto starts = [&](std::string_view prefix) { return variable.substr(0, prefix.size()) == prefix; };
        bool counts = starts("MKL_NUM_THREADS=") || starts("MKL_DOMAIN_NUM_THREADS=");
        if (!counts && (starts("MKL_") || starts("ONEDNN_") || starts("DNNL_")))
            found.push_back(variable);
    }
    std::sort(found.begin(), found.end());
    std::string text;
    for (auto variable : found)
        text.append(" ").append(variable);
    return text;
}

} // namespace

void fixKernels()
{
    static std::once_flag once;
    std::call_once(once, [] {
        // By default, MKL chooses kernels by where a matrix lies in memory, so that a vector that was read from a file can
        // give other last bits than the same vector while it was computed. MKL reads this at its first operation.
        const char *choice = getenv("MKL_CBWR");
        if (!choice || !*choice)
            setenv("MKL_CBWR", "AUTO", 1);
    });
}

} // namespace torch_backend

int32_t torch_backend_threads(void)
{
    torch_backend::fixKernels();
    return at::get_num_threads();
}

void torch_backend_set_threads(int32_t count)
{
    torch_backend::fixKernels();
    // This also tells MKL to use as many, and never to change the number by itself.
    at::set_num_threads(std::max(count, 1));
    try {
        at::set_num_interop_threads(1);
    } catch (...) {
        // libtorch accepts this once, before its first parallel work. Later calls change nothing: one is one.
    }
}

const char *torch_backend_kernels(void)
{
    torch_backend::fixKernels();
    static const std::string text = at::get_cpu_capability() + torch_backend::choicesOfEnvironment();
    return text.c_str();
}
