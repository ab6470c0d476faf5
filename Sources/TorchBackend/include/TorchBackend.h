/* SPDX-License-Identifier: Apache-2.0
 *
 * The tensor table of the plugin ABI, implemented by libtorch. The only target that includes a libtorch header.
 */
#ifndef TORCH_BACKEND_H
#define TORCH_BACKEND_H

#include "suture/suture.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The table "suture.tensor/1". Lives as long as the process. Thread-safe. */
const suture_tensor_api *SUTURE_NONNULL torch_backend_tensor_api(void);

/* Threads that one operation may use; at least 1. Call before the first operation. */
void torch_backend_set_threads(int32_t count);

/* The version of libtorch that is loaded: "2.13.0+cpu", or "2.13.0+cuda" once CUDA was asked for and found. Lives as
 * long as the process. */
const char *SUTURE_NONNULL torch_backend_version(void);

/* Tensor handles that are alive, for leak tests. Thread-safe. */
int64_t torch_backend_live_tensors(void);

/* Blocks of CPU memory that tensors have taken since the first call, which starts to count and gives 0; for tests. It includes
 * what libtorch takes for intermediate results. From then on each block costs one atomic addition more. Call it with one
 * thread in use: some operations take a block for each thread. */
int64_t torch_backend_count_allocations(void);

#ifdef __cplusplus
}
#endif
#endif
