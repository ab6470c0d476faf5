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

/* From now on nobody may write into the memory of a tensor, through whatever view: `assign` and optimisers refuse it, and it
 * goes out by DLPack with the flag that says so. `is_lasting` 1: later work reads the memory, too. Costs one small
 * allocation. Not for a tensor that another thread works on. */
void torch_backend_seal(suture_tensor *SUTURE_NONNULL tensor, int32_t is_lasting);

/* Whether two tensors look at the same memory. */
int32_t torch_backend_shares_memory(suture_tensor *SUTURE_NONNULL a, suture_tensor *SUTURE_NONNULL b);

/* Whether lasting memory that went out by DLPack, and that the system does not protect, holds what it held then. Costs a
 * comparison of what went out, and nothing where nothing did. */
int32_t torch_backend_exports_are_unchanged(void);

/* Threads that one operation uses while nobody calls torch_backend_set_threads: OMP_NUM_THREADS, or the processor's cores. */
int32_t torch_backend_threads(void);

/* Threads that one operation uses from now on; at least 1. With the same number, and the same torch_backend_kernels(), the
 * same operation on the same values gives the same bytes, wherever they lie in memory. Call before the first operation. */
void torch_backend_set_threads(int32_t count);

/* What chooses the kernels: the processor's instructions that libtorch uses, and the variables of the environment that have a
 * say, such as "AVX2 MKL_CBWR=AUTO". Lives as long as the process. */
const char *SUTURE_NONNULL torch_backend_kernels(void);

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
