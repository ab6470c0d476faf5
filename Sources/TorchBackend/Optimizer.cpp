// SPDX-License-Identifier: Apache-2.0
//
// libtorch's own optimisers, whose numbers are those of torch.optim in Python.
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <memory>
#include <tuple>

#include "Foreign.h"
#include "Operations.h"

struct suture_optimizer {
    std::unique_ptr<torch::optim::Optimizer> value;
};

namespace torch_backend {
namespace {

/// suture_optimizer_options, checked.
struct Options {
    explicit Options(const suture_optimizer_options &options)
        : learningRate(options.learning_rate), betas(options.beta1, options.beta2), epsilon(options.epsilon),
          weightDecay(options.weight_decay), momentum(options.momentum)
    {
    }
    explicit Options(const suture_optimizer_options *options) : Options(REQUIRED(options, suture_optimizer_options)) {}

    double learningRate;
    std::tuple<double, double> betas;
    double epsilon;
    double weightDecay;
    double momentum;
};

std::unique_ptr<torch::optim::Optimizer> make(int32_t kind, std::vector<at::Tensor> leaves, const Options &options)
{
    using namespace torch::optim;
    switch (kind) {
    case SUTURE_OPTIMIZER_ADAM:
        return std::make_unique<Adam>(std::move(leaves), AdamOptions(options.learningRate)
                                                             .betas(options.betas)
                                                             .eps(options.epsilon)
                                                             .weight_decay(options.weightDecay));
    case SUTURE_OPTIMIZER_ADAMW:
        return std::make_unique<AdamW>(std::move(leaves), AdamWOptions(options.learningRate)
                                                              .betas(options.betas)
                                                              .eps(options.epsilon)
                                                              .weight_decay(options.weightDecay));
    case SUTURE_OPTIMIZER_SGD:
        return std::make_unique<SGD>(
            std::move(leaves),
            SGDOptions(options.learningRate).momentum(options.momentum).weight_decay(options.weightDecay));
    default: throw unknown("optimiser", kind);
    }
}

} // namespace

suture_error *optimizer_new(int32_t kind, suture_tensor *const *leaves, int64_t count,
                            const suture_optimizer_options *options, suture_optimizer **out)
try {
    std::vector<at::Tensor> parameters = tensors(leaves, count);
    if (parameters.empty())
        throw Failure(SUTURE_INVALID_ARGUMENT, "there is nothing to optimise", "give at least one leaf");
    for (size_t i = 0; i < parameters.size(); i++) {
        if (!parameters[i].is_leaf() || !parameters[i].requires_grad())
            throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("tensor ", i, " is not a leaf that requires a gradient"),
                          "make a leaf of it");
        requireWritable(parameters[i]);
    }
    *out = new suture_optimizer{make(kind, std::move(parameters), Options(options))};
    return nullptr;
}
GUARD("optimizer_new")

void optimizer_release(suture_optimizer *optimizer)
{
    delete optimizer;
}

suture_error *optimizer_step(suture_optimizer *optimizer)
try {
    // A leaf may have been given away since.
    for (const auto &group : optimizer->value->param_groups())
        for (const at::Tensor &leaf : group.params())
            requireWritable(leaf);
    optimizer->value->step();
    return nullptr;
}
GUARD("optimizer_step")

suture_error *optimizer_zero(suture_optimizer *optimizer)
try {
    optimizer->value->zero_grad();
    return nullptr;
}
GUARD("optimizer_zero")

suture_error *optimizer_set_rate(suture_optimizer *optimizer, double learning_rate)
try {
    if (!(learning_rate >= 0))
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str("the learning rate is ", learning_rate), "use 0 or more");
    for (auto &group : optimizer->value->param_groups())
        group.options().set_lr(learning_rate);
    return nullptr;
}
GUARD("optimizer_set_rate")

} // namespace torch_backend
