// SPDX-License-Identifier: Apache-2.0
#include "Indexing.h"

#include <ATen/ops/aminmax.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/index.h>
#include <ATen/ops/index_add.h>
#include <ATen/ops/index_copy.h>
#include <ATen/ops/index_put.h>
#include <ATen/ops/scatter.h>
#include <ATen/ops/scatter_add.h>

#include "Handle.h"
#include "Names.h"
#include "Operations.h"

namespace torch_backend {
namespace {

using Indices = c10::List<std::optional<at::Tensor>>;

at::Tensor applyIndexed(int32_t operation, const at::Tensor &a, int64_t dimension, const at::Tensor &index,
                        const suture_tensor *source)
{
    if (operation < SUTURE_INDEX_SELECT || operation > SUTURE_EMBEDDING)
        throw unknown("indexed operation", operation);
    if (operation == SUTURE_EMBEDDING) {
        if (a.dim() != 2)
            throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the shape ", a.sizes(), " is not a table of rows [v, d]"));
        requireIndices(index, a.size(0));
        return at::embedding(a, index);
    }
    requireIndices(index, a.size(dimension));
    switch (operation) {
    case SUTURE_INDEX_SELECT: return a.index_select(dimension, index);
    case SUTURE_GATHER: return a.gather(dimension, index);
    case SUTURE_INDEX_ADD: return a.index_add(dimension, index, tensor(source));
    case SUTURE_INDEX_COPY: return a.index_copy(dimension, index, tensor(source));
    case SUTURE_SCATTER_ADD: return a.scatter_add(dimension, index, tensor(source));
    default: return a.scatter(dimension, index, tensor(source));
    }
}

/// The columns of `pairs` as indices of the first two dimensions.
Indices split(const at::Tensor &a, const at::Tensor &pairs)
{
    if (a.dim() < 2)
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the shape ", a.sizes(), " has fewer than two dimensions"));
    if (pairs.dim() != 2 || pairs.size(1) != 2)
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the pairs have shape ", pairs.sizes(), ", not [n, 2]"));
    Indices indices;
    for (int64_t i = 0; i < 2; i++) {
        requireIndices(pairs.select(1, i), a.size(i));
        indices.push_back(pairs.select(1, i));
    }
    return indices;
}

} // namespace

void requireIndices(const at::Tensor &indices, int64_t size)
{
    if (indices.scalar_type() != at::kLong)
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("the indices are of dtype ", c10::toString(indices.scalar_type()), ", not int64"),
                      "cast them to int64");
    if (indices.numel() == 0)
        return;
    auto [least, greatest] = at::aminmax(indices);
    int64_t low = least.item<int64_t>(), high = greatest.item<int64_t>();
    if (low < 0 || high >= size)
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("the index ", low < 0 ? low : high, " is outside of 0 ..< ", size),
                      "indices count from 0; negative ones are not accepted");
}

suture_error *indexed(int32_t operation, suture_tensor *a, int64_t dimension, suture_tensor *index,
                      suture_tensor *source, suture_tensor **out)
try {
    *out = newHandle(applyIndexed(operation, tensor(a), dimension, tensor(index), source));
    return nullptr;
}
GUARD(indexedName(operation))

suture_error *pick(suture_tensor *a, suture_tensor *pairs, suture_tensor **out)
try {
    const at::Tensor &given = tensor(a);
    *out = newHandle(at::index(given, split(given, tensor(pairs))));
    return nullptr;
}
GUARD("pick")

/// Where a pair occurs more than once and nothing is added, one of its values wins, and which is not defined.
suture_error *put(suture_tensor *a, suture_tensor *pairs, suture_tensor *values, int32_t adds, suture_tensor **out)
try {
    const at::Tensor &given = tensor(a), &inserted = tensor(values);
    Indices indices = split(given, tensor(pairs));
    std::vector<int64_t> expected = given.sizes().slice(1).vec();
    expected[0] = tensor(pairs).size(0);
    if (inserted.sizes() != at::IntArrayRef(expected))
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("the values have shape ", inserted.sizes(), ", not ", at::IntArrayRef(expected)),
                      "give one value, or row of values, for each pair");
    *out = newHandle(at::index_put(given, indices, inserted, adds != 0));
    return nullptr;
}
GUARD("put")

} // namespace torch_backend
