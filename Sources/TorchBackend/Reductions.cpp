// SPDX-License-Identifier: Apache-2.0
//
// Operations over whole dimensions: reductions, normalising ones, sorting.
#include <ATen/ops/all.h>
#include <ATen/ops/any.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <numeric>

#include "Handle.h"
#include "Names.h"
#include "Operations.h"

namespace torch_backend {
namespace {

/// Which dimensions go. With none given all do, and then `isWhole` is true.
struct Extent {
    Extent(const at::Tensor &a, at::IntArrayRef given, bool keeps)
        : isWhole(given.empty()), keeps(keeps), dimensions(given.vec())
    {
        if (!isWhole)
            return;
        dimensions.resize(static_cast<size_t>(a.dim()));
        std::iota(dimensions.begin(), dimensions.end(), 0);
    }

    /// For the operations that know one dimension or the flattened tensor.
    template <class Whole, class Single>
    at::Tensor apply(const at::Tensor &a, Whole whole, Single single) const
    {
        if (isWhole) {
            at::Tensor result = whole(a);
            return keeps ? result.reshape(std::vector<int64_t>(static_cast<size_t>(a.dim()), 1)) : result;
        }
        if (dimensions.size() != 1)
            throw Failure(SUTURE_INVALID_ARGUMENT, c10::str(dimensions.size(), " dimensions are given"),
                          "this reduction takes one dimension, or none for the whole tensor");
        return single(a, dimensions[0]);
    }

    bool isWhole;
    bool keeps;
    std::vector<int64_t> dimensions;
};

/// Numbers to compare; libtorch orders truth values only in some operations.
at::Tensor ordered(const at::Tensor &a)
{
    return a.scalar_type() == at::kBool ? a.to(at::kByte) : a;
}

/// Truth values, so that uint8 gives bool as every other dtype does.
at::Tensor truth(const at::Tensor &a)
{
    return a.scalar_type() == at::kBool ? a : a.ne(0);
}

at::Tensor applyReduction(int32_t operation, const at::Tensor &a, const Extent &extent)
{
    at::IntArrayRef dimensions = extent.dimensions;
    bool keeps = extent.keeps;
    switch (operation) {
    case SUTURE_SUM: return a.sum(dimensions, keeps);
    case SUTURE_MEAN: return a.mean(dimensions, keeps);
    case SUTURE_MAX: return a.amax(dimensions, keeps);
    case SUTURE_MIN: return a.amin(dimensions, keeps);
    case SUTURE_NORM: return at::linalg_vector_norm(a, 2, dimensions, keeps);
    case SUTURE_VARIANCE: return a.var(dimensions, std::optional<at::Scalar>(0), keeps);
    case SUTURE_ALL: return at::all(truth(a), at::OptionalIntArrayRef(dimensions), keeps);
    case SUTURE_ANY: return at::any(truth(a), at::OptionalIntArrayRef(dimensions), keeps);
    case SUTURE_LOGSUMEXP: return a.logsumexp(dimensions, keeps);
    case SUTURE_PRODUCT:
        return extent.apply(
            a, [](const at::Tensor &t) { return t.prod(); },
            [keeps](const at::Tensor &t, int64_t d) { return t.prod(d, keeps); });
    case SUTURE_ARGMAX:
        return extent.apply(
            ordered(a), [](const at::Tensor &t) { return t.argmax(); },
            [keeps](const at::Tensor &t, int64_t d) { return t.argmax(d, keeps); });
    case SUTURE_ARGMIN:
        return extent.apply(
            ordered(a), [](const at::Tensor &t) { return t.argmin(); },
            [keeps](const at::Tensor &t, int64_t d) { return t.argmin(d, keeps); });
    case SUTURE_COUNT_NONZERO: return truth(a).sum(dimensions, keeps);
    default: throw unknown("reduction", operation);
    }
}

/// libtorch returns a tensor as it is where there is nothing to squeeze; here that is a mistake of the caller.
at::Tensor squeeze(const at::Tensor &a, int64_t dimension)
{
    if (a.size(dimension) != 1)
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("dimension ", dimension, " of the shape ", a.sizes(), " is not of size 1"),
                      "only a dimension of size 1 can be removed");
    return a.squeeze(dimension);
}

at::Tensor applyAlong(int32_t operation, const at::Tensor &a, int64_t dimension)
{
    switch (operation) {
    case SUTURE_SOFTMAX: return a.softmax(dimension);
    case SUTURE_LOG_SOFTMAX: return a.log_softmax(dimension);
    case SUTURE_CUMSUM: return a.cumsum(dimension);
    case SUTURE_FLIP: return a.flip(dimension);
    case SUTURE_UNSQUEEZE: return a.unsqueeze(dimension);
    case SUTURE_SQUEEZE: return squeeze(a, dimension);
    default: throw unknown("operation along a dimension", operation);
    }
}

void handOut(std::tuple<at::Tensor, at::Tensor> &&sorted, suture_tensor **values, suture_tensor **indices)
{
    Owned first(newHandle(std::get<0>(std::move(sorted))));
    Owned second(newHandle(std::get<1>(std::move(sorted))));
    *values = first.release();
    *indices = second.release();
}

} // namespace

suture_error *reduce(int32_t operation, suture_tensor *a, const int64_t *dimensions, int64_t dimension_count,
                     int32_t keeps_dimensions, suture_tensor **out)
try {
    const at::Tensor &given = tensor(a);
    Extent extent(given, integers(dimensions, dimension_count), keeps_dimensions != 0);
    *out = newHandle(applyReduction(operation, given, extent));
    return nullptr;
}
GUARD(reductionName(operation))

suture_error *along(int32_t operation, suture_tensor *a, int64_t dimension, suture_tensor **out)
try {
    *out = newHandle(applyAlong(operation, tensor(a), dimension));
    return nullptr;
}
GUARD(alongName(operation))

suture_error *top_k(suture_tensor *a, int64_t k, suture_tensor **values, suture_tensor **indices)
try {
    handOut(tensor(a).topk(k), values, indices);
    return nullptr;
}
GUARD("top_k")

suture_error *sort(suture_tensor *a, int64_t dimension, int32_t descends, suture_tensor **values,
                   suture_tensor **indices)
try {
    handOut(tensor(a).sort(/*stable=*/true, dimension, descends != 0), values, indices);
    return nullptr;
}
GUARD("sort")

} // namespace torch_backend
