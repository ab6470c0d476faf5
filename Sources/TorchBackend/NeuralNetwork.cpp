// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <limits>

#include "Handle.h"
#include "Indexing.h"
#include "Operations.h"

namespace torch_backend {
namespace {

/// Norms go over the last dimension.
int64_t width(const at::Tensor &x)
{
    if (x.dim() == 0)
        throw Failure(SUTURE_INVALID_ARGUMENT, "a single number has no dimension to normalise over");
    return x.size(-1);
}

void requireAttentionShapes(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value)
{
    auto fail = [&](const char *what) {
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str(what, ": query ", query.sizes(), ", key ", key.sizes(), ", value ", value.sizes()),
                      "query is [b, h, t, e], key and value are [b, k, s, e], and k divides h");
    };
    if (query.dim() != 4 || key.dim() != 4 || value.dim() != 4)
        fail("attention takes four dimensions");
    if (key.sizes().slice(0, 3) != value.sizes().slice(0, 3))
        fail("key and value do not belong together");
    if (query.size(0) != key.size(0) || query.size(3) != key.size(3))
        fail("query and key do not belong together");
    if (key.size(1) == 0 || query.size(1) % key.size(1) != 0)
        fail("the key heads do not divide the query heads");
}

/// Each of the k heads serves h / k query heads in a row.
at::Tensor repeatHeads(const at::Tensor &a, int64_t heads)
{
    return a.size(1) == heads ? a : a.repeat_interleave(heads / a.size(1), 1);
}

} // namespace

suture_error *linear(suture_tensor *x, suture_tensor *weight, suture_tensor *bias, suture_tensor **out)
try {
    *out = newHandle(at::linear(tensor(x), tensor(weight), optionalTensor(bias)));
    return nullptr;
}
GUARD("linear")

suture_error *layer_norm(suture_tensor *x, suture_tensor *weight, suture_tensor *bias, double epsilon,
                         suture_tensor **out)
try {
    const at::Tensor &given = tensor(x);
    *out = newHandle(at::layer_norm(given, {width(given)}, optionalTensor(weight), optionalTensor(bias), epsilon));
    return nullptr;
}
GUARD("layer_norm")

suture_error *rms_norm(suture_tensor *x, suture_tensor *weight, double epsilon, suture_tensor **out)
try {
    const at::Tensor &given = tensor(x);
    *out = newHandle(at::rms_norm(given, {width(given)}, optionalTensor(weight), epsilon));
    return nullptr;
}
GUARD("rms_norm")

suture_error *attention(suture_tensor *query, suture_tensor *key, suture_tensor *value, suture_tensor *mask,
                        int32_t is_causal, double scale, suture_tensor **out)
try {
    const at::Tensor &q = tensor(query), &k = tensor(key), &v = tensor(value);
    requireAttentionShapes(q, k, v);
    if (is_causal && mask)
        throw Failure(SUTURE_INVALID_ARGUMENT, "attention is causal or has a mask, not both",
                      "put causality in the mask");
    // With a cache of earlier keys "causal" has two readings; libtorch's lets the first query see the first key alone.
    if (is_causal && q.size(2) != k.size(2))
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("causal attention of ", q.size(2), " queries over ", k.size(2), " keys"),
                      "give a mask where the counts differ");
    std::optional<at::Tensor> chosen = optionalTensor(mask);
    if (chosen) {
        if (chosen->dim() > 4)
            throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the mask has shape ", chosen->sizes()),
                          "give a mask that broadcasts to [b, h, t, s]");
        while (chosen->dim() < 4)
            chosen = chosen->unsqueeze(0);
    }
    int64_t heads = q.size(1);
    *out = newHandle(at::scaled_dot_product_attention(q, repeatHeads(k, heads), repeatHeads(v, heads), chosen,
                                                      /*dropout_p=*/0.0, is_causal != 0,
                                                      scale == 0 ? std::nullopt : std::optional<double>(scale)));
    return nullptr;
}
GUARD("attention")

suture_error *cross_entropy(suture_tensor *logits, suture_tensor *targets, int32_t reduction, int64_t ignored,
                            suture_tensor **out)
try {
    if (reduction < SUTURE_REDUCTION_NONE || reduction > SUTURE_REDUCTION_SUM)
        throw unknown("loss reduction", reduction);
    const at::Tensor &scores = tensor(logits), &classes = tensor(targets);
    if (scores.dim() != 2 || classes.dim() != 1 || scores.size(0) != classes.size(0))
        throw Failure(SUTURE_INVALID_ARGUMENT,
                      c10::str("the logits have shape ", scores.sizes(), " and the targets ", classes.sizes()),
                      "give logits [n, classes] and targets [n]");
    requireIndices(classes.masked_fill(classes.eq(ignored), 0), scores.size(1));
    // The codes of tensor.h are those of at::Reduction.
    *out = newHandle(at::cross_entropy_loss(scores, classes, {}, reduction, ignored));
    return nullptr;
}
GUARD("cross_entropy")

suture_error *kl_divergence(suture_tensor *log_p, suture_tensor *log_q, suture_tensor **out)
try {
    const at::Tensor &p = tensor(log_p), &q = tensor(log_q);
    if (p.dim() == 0 || p.sizes() != q.sizes())
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the shapes are ", p.sizes(), " and ", q.sizes()),
                      "give two tensors of log-probabilities of one shape");
    // What p rules out adds nothing. Masking before the arithmetic keeps the gradients finite too.
    at::Tensor absent = p.eq(-std::numeric_limits<double>::infinity());
    at::Tensor difference = p.masked_fill(absent, 0).sub(q.masked_fill(absent, 0));
    *out = newHandle(p.exp().mul(difference).sum(-1));
    return nullptr;
}
GUARD("kl_divergence")

} // namespace torch_backend
