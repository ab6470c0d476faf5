// SPDX-License-Identifier: Apache-2.0
//
// All numbers are drawn on the CPU, in float32 or wider, and then moved and rounded: one seed gives the same numbers on
// every device, and in every dtype up to rounding.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/randperm.h>

#include "Handle.h"
#include "Operations.h"
#include "Types.h"

struct suture_generator {
    at::Generator value;
};

namespace torch_backend {
namespace {

/// An uninitialised tensor to draw into.
at::Tensor canvas(const Spec &spec)
{
    if (!c10::isFloatingType(spec.type))
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("random numbers of dtype ", c10::toString(spec.type)),
                      "draw floating-point numbers and cast them");
    return at::empty(spec.shape, spec.onCPU().dtype(spec.type == at::kDouble ? at::kDouble : at::kFloat));
}

} // namespace

suture_error *generator_new(int64_t seed, suture_generator **out)
try {
    *out = new suture_generator{at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(seed))};
    return nullptr;
}
GUARD("generator_new")

void generator_release(suture_generator *generator)
{
    delete generator;
}

suture_error *uniform(suture_generator *generator, const suture_tensor_spec *spec, double low, double high,
                      suture_tensor **out)
try {
    Spec made(spec);
    *out = newHandle(canvas(made).uniform_(low, high, generator->value).to(made.device, made.type));
    return nullptr;
}
GUARD("uniform")

suture_error *normal(suture_generator *generator, const suture_tensor_spec *spec, double mean, double deviation,
                     suture_tensor **out)
try {
    Spec made(spec);
    *out = newHandle(canvas(made).normal_(mean, deviation, generator->value).to(made.device, made.type));
    return nullptr;
}
GUARD("normal")

suture_error *permutation(suture_generator *generator, int64_t n, suture_tensor **out)
try {
    *out = newHandle(at::randperm(n, generator->value, at::TensorOptions().dtype(at::kLong)));
    return nullptr;
}
GUARD("permutation")

suture_error *multinomial(suture_generator *generator, suture_tensor *weights, int64_t count, suture_tensor **out)
try {
    const at::Tensor &given = tensor(weights);
    if (given.dim() == 0 || given.size(-1) == 0)
        throw Failure(SUTURE_INVALID_ARGUMENT, "there are no weights to draw from", "give at least one weight");
    if (count < 0)
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the number of draws is ", count));
    std::vector<int64_t> shape = given.sizes().vec();
    shape.back() = count;
    at::Tensor rows = given.detach().reshape({-1, given.size(-1)}).to(at::kCPU, at::kDouble);
    at::Tensor drawn = rows.size(0) * count == 0
                           ? at::empty(shape, at::TensorOptions().dtype(at::kLong))
                           : at::multinomial(rows, count, /*replacement=*/true, generator->value).reshape(shape);
    *out = newHandle(drawn.to(given.device()));
    return nullptr;
}
GUARD("multinomial")

} // namespace torch_backend
