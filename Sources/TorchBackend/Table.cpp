// SPDX-License-Identifier: Apache-2.0
#include "Operations.h"
#include "Threads.h"
#include "TorchBackend.h"

namespace {

constexpr size_t functionCount = 55;
static_assert(sizeof(suture_tensor_api) == sizeof(size_t) + functionCount * sizeof(void (*)()),
              "tensor.h has gained a function: implement it and set it below");

suture_tensor_api makeTable()
{
    suture_tensor_api table{};
    table.struct_size = sizeof table;
    table.retain = torch_backend::retain;
    table.release = torch_backend::release;
    table.info = torch_backend::info;
    table.full = torch_backend::full;
    table.arange = torch_backend::arange;
    table.eye = torch_backend::eye;
    table.from_bytes = torch_backend::from_bytes;
    table.from_borrowed = torch_backend::from_borrowed;
    table.to_bytes = torch_backend::to_bytes;
    table.cast = torch_backend::cast;
    table.generator_new = torch_backend::generator_new;
    table.generator_release = torch_backend::generator_release;
    table.uniform = torch_backend::uniform;
    table.normal = torch_backend::normal;
    table.permutation = torch_backend::permutation;
    table.multinomial = torch_backend::multinomial;
    table.unary = torch_backend::unary;
    table.binary = torch_backend::binary;
    table.binary_number = torch_backend::binary_number;
    table.where = torch_backend::where;
    table.clamp = torch_backend::clamp;
    table.reduce = torch_backend::reduce;
    table.along = torch_backend::along;
    table.decompose = torch_backend::decompose;
    table.shape = torch_backend::shape;
    table.transpose = torch_backend::transpose;
    table.slice = torch_backend::slice;
    table.select = torch_backend::select;
    table.indexed = torch_backend::indexed;
    table.pick = torch_backend::pick;
    table.put = torch_backend::put;
    table.concatenate = torch_backend::concatenate;
    table.triangle = torch_backend::triangle;
    table.top_k = torch_backend::top_k;
    table.sort = torch_backend::sort;
    table.linear = torch_backend::linear;
    table.layer_norm = torch_backend::layer_norm;
    table.rms_norm = torch_backend::rms_norm;
    table.attention = torch_backend::attention;
    table.cross_entropy = torch_backend::cross_entropy;
    table.kl_divergence = torch_backend::kl_divergence;
    table.set_gradient_mode = torch_backend::set_gradient_mode;
    table.leaf = torch_backend::leaf;
    table.backward = torch_backend::backward;
    table.gradient = torch_backend::gradient;
    table.gradients = torch_backend::gradients;
    table.assign = torch_backend::assign;
    table.optimizer_new = torch_backend::optimizer_new;
    table.optimizer_release = torch_backend::optimizer_release;
    table.optimizer_step = torch_backend::optimizer_step;
    table.optimizer_zero = torch_backend::optimizer_zero;
    table.optimizer_set_rate = torch_backend::optimizer_set_rate;
    table.to_dlpack = torch_backend::to_dlpack;
    table.from_dlpack = torch_backend::from_dlpack;
    table.device_count = torch_backend::device_count;
    return table;
}

} // namespace

const suture_tensor_api *torch_backend_tensor_api(void)
{
    torch_backend::fixKernels();
    static const suture_tensor_api table = makeTable();
    return &table;
}
