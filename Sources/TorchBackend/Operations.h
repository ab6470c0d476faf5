// SPDX-License-Identifier: Apache-2.0
//
// The functions of the table, by file. Their contract is the one of suture/tensor.h.
#pragma once

#include "suture/suture.h"

namespace torch_backend {

// Handle.cpp
void retain(suture_tensor *a);
void release(suture_tensor *a);
suture_error *info(suture_tensor *a, suture_tensor_info *out);

// Creation.cpp
suture_error *full(const suture_tensor_spec *spec, double fill, suture_tensor **out);
suture_error *arange(const suture_tensor_spec *spec, double start, double end, double step, suture_tensor **out);
suture_error *eye(const suture_tensor_spec *spec, int64_t n, suture_tensor **out);
suture_error *from_bytes(const suture_tensor_spec *spec, const void *bytes, int64_t byte_count, suture_tensor **out);
suture_error *from_borrowed(const suture_tensor_spec *spec, const void *bytes, int64_t byte_count,
                            void *release_context, void (*release)(void *), suture_tensor **out);
suture_error *to_bytes(suture_tensor *a, void *bytes, int64_t capacity);
suture_error *cast(suture_tensor *a, int32_t dtype, int32_t device, int32_t device_index, suture_tensor **out);

// Random.cpp
suture_error *generator_new(int64_t seed, suture_generator **out);
void generator_release(suture_generator *generator);
suture_error *uniform(suture_generator *generator, const suture_tensor_spec *spec, double low, double high,
                      suture_tensor **out);
suture_error *normal(suture_generator *generator, const suture_tensor_spec *spec, double mean, double deviation,
                     suture_tensor **out);
suture_error *permutation(suture_generator *generator, int64_t n, suture_tensor **out);
suture_error *multinomial(suture_generator *generator, suture_tensor *weights, int64_t count, suture_tensor **out);

// Arithmetic.cpp
suture_error *unary(int32_t operation, suture_tensor *a, suture_tensor **out);
suture_error *binary(int32_t operation, suture_tensor *a, suture_tensor *b, suture_tensor **out);
suture_error *binary_number(int32_t operation, suture_tensor *a, double b, int32_t is_reversed, suture_tensor **out);
suture_error *where(suture_tensor *condition, suture_tensor *a, suture_tensor *b, suture_tensor **out);
suture_error *clamp(suture_tensor *a, double low, double high, suture_tensor **out);

// Reductions.cpp
suture_error *reduce(int32_t operation, suture_tensor *a, const int64_t *dimensions, int64_t dimension_count,
                     int32_t keeps_dimensions, suture_tensor **out);
suture_error *along(int32_t operation, suture_tensor *a, int64_t dimension, suture_tensor **out);
suture_error *top_k(suture_tensor *a, int64_t k, suture_tensor **values, suture_tensor **indices);
suture_error *sort(suture_tensor *a, int64_t dimension, int32_t descends, suture_tensor **values,
                   suture_tensor **indices);

// LinearAlgebra.cpp
suture_error *decompose(int32_t operation, suture_tensor *a, suture_tensor **out);

// Shape.cpp
suture_error *shape(int32_t operation, suture_tensor *a, const int64_t *sizes, int64_t count, suture_tensor **out);
suture_error *transpose(suture_tensor *a, int64_t first, int64_t second, suture_tensor **out);
suture_error *slice(suture_tensor *a, int64_t dimension, int64_t start, int64_t end, int64_t step, suture_tensor **out);
suture_error *select(suture_tensor *a, int64_t dimension, int64_t index, suture_tensor **out);
suture_error *concatenate(suture_tensor *const *tensors, int64_t count, int64_t dimension, int32_t stacks,
                          suture_tensor **out);
suture_error *triangle(suture_tensor *a, int64_t diagonal, int32_t upper, suture_tensor **out);

// Indexing.cpp
suture_error *indexed(int32_t operation, suture_tensor *a, int64_t dimension, suture_tensor *index,
                      suture_tensor *source, suture_tensor **out);
suture_error *pick(suture_tensor *a, suture_tensor *pairs, suture_tensor **out);
suture_error *put(suture_tensor *a, suture_tensor *pairs, suture_tensor *values, int32_t adds, suture_tensor **out);

// NeuralNetwork.cpp
suture_error *linear(suture_tensor *x, suture_tensor *weight, suture_tensor *bias, suture_tensor **out);
suture_error *layer_norm(suture_tensor *x, suture_tensor *weight, suture_tensor *bias, double epsilon,
                         suture_tensor **out);
suture_error *rms_norm(suture_tensor *x, suture_tensor *weight, double epsilon, suture_tensor **out);
suture_error *attention(suture_tensor *query, suture_tensor *key, suture_tensor *value, suture_tensor *mask,
                        int32_t is_causal, double scale, suture_tensor **out);
suture_error *cross_entropy(suture_tensor *logits, suture_tensor *targets, int32_t reduction, int64_t ignored,
                            suture_tensor **out);
suture_error *kl_divergence(suture_tensor *log_p, suture_tensor *log_q, suture_tensor **out);

// Autograd.cpp
int32_t set_gradient_mode(int32_t records);
suture_error *leaf(suture_tensor *a, int32_t requires_gradient, suture_tensor **out);
suture_error *backward(suture_tensor *a, int32_t keeps_graph);
suture_error *gradient(suture_tensor *leaf, suture_tensor **out);
suture_error *gradients(suture_tensor *output, suture_tensor *const *inputs, int64_t count, int32_t keeps_graph,
                        suture_tensor **out);
suture_error *assign(suture_tensor *a, suture_tensor *source);

// Optimizer.cpp
suture_error *optimizer_new(int32_t kind, suture_tensor *const *leaves, int64_t count,
                            const suture_optimizer_options *options, suture_optimizer **out);
void optimizer_release(suture_optimizer *optimizer);
suture_error *optimizer_step(suture_optimizer *optimizer);
suture_error *optimizer_zero(suture_optimizer *optimizer);
suture_error *optimizer_set_rate(suture_optimizer *optimizer, double learning_rate);

// DLPack.cpp
suture_error *to_dlpack(suture_tensor *a, DLManagedTensorVersioned **out);
suture_error *from_dlpack(DLManagedTensorVersioned *managed, suture_tensor **out);

// Devices.cpp
suture_error *device_count(int32_t device, int64_t *out);

} // namespace torch_backend
