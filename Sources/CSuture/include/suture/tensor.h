/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI: tensors. Handles are opaque and counted. The host performs every operation, autograd included, so
 * a plugin needs no tensor library of its own. Operations with the same arguments share a function, and a code says
 * which one is meant. A new operation is therefore a new code and not a new function. An unknown code gives
 * SUTURE_UNIMPLEMENTED.
 *
 * Every `out` is a new handle that the caller owns. Inputs are borrowed and never changed, except where a function says
 * "in place". All functions are [any-thread], but one tensor must not be changed on two threads at once; the gradient
 * mode belongs to the calling thread. Negative dimensions count from the end.
 */
#ifndef SUTURE_TENSOR_H
#define SUTURE_TENSOR_H

#include "abi.h"
#include "values.h"

SUTURE_ASSUME_NONNULL_BEGIN

#define SUTURE_DTYPE_F32 0
#define SUTURE_DTYPE_F64 1
#define SUTURE_DTYPE_F16 2
#define SUTURE_DTYPE_BF16 3
#define SUTURE_DTYPE_I64 4
#define SUTURE_DTYPE_I32 5
#define SUTURE_DTYPE_BOOL 6
#define SUTURE_DTYPE_U8 7
#define SUTURE_DTYPE_I16 8
#define SUTURE_DTYPE_I8 9

#define SUTURE_DEVICE_CPU 0
#define SUTURE_DEVICE_CUDA 1

#define SUTURE_MAXIMUM_RANK 8

typedef struct suture_tensor_info {
    size_t struct_size; /* set by the caller */
    int32_t dtype;
    int32_t device;
    int32_t device_index;
    int32_t rank;
    int64_t shape[SUTURE_MAXIMUM_RANK]; /* the first `rank` entries */
    int32_t requires_gradient;
    int32_t is_contiguous;
} suture_tensor_info;

/* How to make a tensor. */
typedef struct suture_tensor_spec {
    size_t struct_size;
    int32_t dtype;
    int32_t device;
    int32_t device_index;
    int32_t rank;
    const int64_t *SUTURE_NULLABLE shape;
} suture_tensor_spec;

/* operations Unary */
#define SUTURE_NEGATE 1
#define SUTURE_EXP 2
#define SUTURE_LOG 3
#define SUTURE_SQRT 4
#define SUTURE_RSQRT 5
#define SUTURE_ABS 6
#define SUTURE_SIGN 7
#define SUTURE_TANH 8
#define SUTURE_SIGMOID 9
#define SUTURE_RELU 10
#define SUTURE_GELU 11      /* with the error function */
#define SUTURE_GELU_TANH 12 /* the tanh form ("gelu_new") */
#define SUTURE_SILU 13
#define SUTURE_SQUARE 14
#define SUTURE_RECIPROCAL 15
#define SUTURE_IS_FINITE 16 /* bool */
#define SUTURE_NOT 17
#define SUTURE_COS 18
#define SUTURE_SIN 19
#define SUTURE_FLOOR 20
#define SUTURE_CLONE 21
#define SUTURE_DETACH 22
#define SUTURE_CONTIGUOUS 23
#define SUTURE_LOG1P 24
#define SUTURE_EXPM1 25
#define SUTURE_ROUND 26
#define SUTURE_DIAGONAL 27 /* [n, n] -> [n], [n] -> [n, n] */
#define SUTURE_SOFTPLUS 28 /* log(1 + exp(x)), without overflow */

/* operations Binary, with broadcasting */
#define SUTURE_ADD 1
#define SUTURE_SUBTRACT 2
#define SUTURE_MULTIPLY 3
#define SUTURE_DIVIDE 4
#define SUTURE_POWER 5
#define SUTURE_MINIMUM 6
#define SUTURE_MAXIMUM 7
#define SUTURE_EQUAL 8
#define SUTURE_NOT_EQUAL 9
#define SUTURE_LESS 10
#define SUTURE_LESS_EQUAL 11
#define SUTURE_GREATER 12
#define SUTURE_GREATER_EQUAL 13
#define SUTURE_AND 14
#define SUTURE_OR 15
#define SUTURE_MATMUL 16 /* [.., n, k] @ [.., k, m] */
/* The four solvers take a right-hand side [n, m] or a vector [n]; a singular matrix is SUTURE_INVALID_ARGUMENT. */
#define SUTURE_CHOLESKY_SOLVE 17   /* (right hand side, lower factor) -> x of (L L^T) x = b */
#define SUTURE_SOLVE 18            /* (A, B) -> X of A X = B */
#define SUTURE_LEAST_SQUARES 19    /* (A, B) -> least squares X of A X = B */
#define SUTURE_TRIANGULAR_SOLVE 20 /* (lower A, B) -> X of A X = B */
#define SUTURE_OUTER 21
#define SUTURE_FLOOR_DIVIDE 22
#define SUTURE_REMAINDER 23

/* operations Reduction */
#define SUTURE_SUM 1
#define SUTURE_MEAN 2
#define SUTURE_MAX 3
#define SUTURE_MIN 4
#define SUTURE_NORM 5     /* Euclidean */
#define SUTURE_VARIANCE 6 /* divisor n */
#define SUTURE_ALL 7
#define SUTURE_ANY 8
#define SUTURE_LOGSUMEXP 9
#define SUTURE_PRODUCT 10 /* one dimension */
#define SUTURE_ARGMAX 11  /* one dimension, or none: of the flattened tensor */
#define SUTURE_ARGMIN 12
#define SUTURE_COUNT_NONZERO 13

/* operations Along one dimension */
#define SUTURE_SOFTMAX 1
#define SUTURE_LOG_SOFTMAX 2
#define SUTURE_CUMSUM 3
#define SUTURE_FLIP 4
#define SUTURE_UNSQUEEZE 5
#define SUTURE_SQUEEZE 6

/* operations Decomposition: each writes as many outs as its line says, and no more */
#define SUTURE_CHOLESKY 1 /* 1: lower factor; an error when the matrix is not positive definite */
#define SUTURE_EIGH 2     /* 2: values ascending, vectors in columns */
#define SUTURE_SVD 3      /* 3: U [m, k], S [k], V^T [k, n] */
#define SUTURE_PINV 4     /* 1 */
#define SUTURE_QR 5       /* 2: Q, R */
#define SUTURE_INVERSE 6  /* 1 */

/* operations Indexed: with an index tensor, along one dimension; indices are int64 in 0 ..< size, negative ones are refused */
#define SUTURE_INDEX_SELECT 1 /* index int64 [n] */
#define SUTURE_GATHER 2       /* index int64, the rank of the input */
#define SUTURE_INDEX_ADD 3    /* out of place: input + rows of `source` added at `index` */
#define SUTURE_INDEX_COPY 4   /* out of place: rows of `source` put at `index` */
#define SUTURE_SCATTER_ADD 5  /* out of place */
#define SUTURE_SCATTER 6      /* out of place */
#define SUTURE_EMBEDDING 7    /* input [v, d], index any shape -> [.., d]; dimension is ignored */

/* operations Shape */
#define SUTURE_RESHAPE 1
#define SUTURE_EXPAND 2
#define SUTURE_PERMUTE 3

/* optimisers */
#define SUTURE_OPTIMIZER_ADAM 1
#define SUTURE_OPTIMIZER_ADAMW 2
#define SUTURE_OPTIMIZER_SGD 3

/* loss reductions */
#define SUTURE_REDUCTION_NONE 0
#define SUTURE_REDUCTION_MEAN 1
#define SUTURE_REDUCTION_SUM 2

typedef struct suture_generator suture_generator; /* a stream of random numbers; not [any-thread] at once */
typedef struct suture_optimizer suture_optimizer; /* not [any-thread] at once */

typedef struct suture_optimizer_options {
    size_t struct_size;
    double learning_rate;
    double beta1;        /* Adam, AdamW: 0.9 in the papers */
    double beta2;        /* Adam, AdamW: 0.999 */
    double epsilon;      /* Adam, AdamW: 1e-8 */
    double weight_decay; /* Adam and SGD: added to the gradient; AdamW: decoupled */
    double momentum;     /* SGD */
} suture_optimizer_options;

/* The layout of a DLPack 1.x exchange struct; include your own dlpack.h. */
struct DLManagedTensorVersioned;

#define SUTURE_TENSOR_ID "suture.tensor/1"
typedef struct suture_tensor_api {
    size_t struct_size;

    void (*retain)(suture_tensor *tensor);
    void (*release)(suture_tensor *tensor);
    suture_result (*info)(suture_tensor *tensor, suture_tensor_info *info);

    /* Making. `fill` is the value of every element. */
    suture_result (*full)(const suture_tensor_spec *spec, double fill, SUTURE_OUT(suture_tensor) out);
    /* start, start + step … below end; the shape in `spec` is ignored */
    suture_result (*arange)(const suture_tensor_spec *spec, double start, double end, double step,
                            SUTURE_OUT(suture_tensor) out);
    suture_result (*eye)(const suture_tensor_spec *spec, int64_t n, SUTURE_OUT(suture_tensor) out);
    /* Copies `byte_count` bytes in row-major order; the count must fit the shape. */
    suture_result (*from_bytes)(const suture_tensor_spec *spec, const void *bytes, int64_t byte_count,
                                SUTURE_OUT(suture_tensor) out);
    /* Uses CPU memory in place, without a copy. `release` is called once, when the last user is gone. The memory must
     * not change until then, and `assign` and optimisers refuse such a tensor. After an error `release` is not called
     * and the memory is still the caller's. */
    suture_result (*from_borrowed)(const suture_tensor_spec *spec, const void *bytes, int64_t byte_count,
                                   void *SUTURE_NULLABLE release_context,
                                   void (*SUTURE_NULLABLE release)(void *SUTURE_NULLABLE),
                                   SUTURE_OUT(suture_tensor) out);
    /* Copies the elements out, row-major; `capacity` in bytes must be enough. */
    suture_result (*to_bytes)(suture_tensor *tensor, void *bytes, int64_t capacity);
    /* Converts to another type or device; -1 leaves dtype or device as it is. Where nothing changes, the result shares
     * its data with `tensor`. */
    suture_result (*cast)(suture_tensor *tensor, int32_t dtype, int32_t device, int32_t device_index,
                          SUTURE_OUT(suture_tensor) out);

    /* Random numbers. */
    suture_result (*generator_new)(int64_t seed, SUTURE_OUT(suture_generator) out);
    void (*generator_release)(suture_generator *generator);
    suture_result (*uniform)(suture_generator *generator, const suture_tensor_spec *spec, double low, double high,
                             SUTURE_OUT(suture_tensor) out);
    suture_result (*normal)(suture_generator *generator, const suture_tensor_spec *spec, double mean, double deviation,
                            SUTURE_OUT(suture_tensor) out);
    suture_result (*permutation)(suture_generator *generator, int64_t n, SUTURE_OUT(suture_tensor) out);
    /* weights [.., k] -> int64 [.., count], drawn with replacement */
    suture_result (*multinomial)(suture_generator *generator, suture_tensor *weights, int64_t count,
                                 SUTURE_OUT(suture_tensor) out);

    /* Arithmetic. */
    suture_result (*unary)(int32_t operation, suture_tensor *a, SUTURE_OUT(suture_tensor) out);
    suture_result (*binary)(int32_t operation, suture_tensor *a, suture_tensor *b, SUTURE_OUT(suture_tensor) out);
    /* The second operand is a number; `is_reversed` 1 puts it first. Only ADD … GREATER_EQUAL and REMAINDER. */
    suture_result (*binary_number)(int32_t operation, suture_tensor *a, double b, int32_t is_reversed,
                                   SUTURE_OUT(suture_tensor) out);
    suture_result (*where)(suture_tensor *condition, suture_tensor *a, suture_tensor *b, SUTURE_OUT(suture_tensor) out);
    suture_result (*clamp)(suture_tensor *a, double low, double high, SUTURE_OUT(suture_tensor) out);
    /* `dimension_count` 0 reduces everything. */
    suture_result (*reduce)(int32_t operation, suture_tensor *a, const int64_t *SUTURE_NULLABLE dimensions,
                            int64_t dimension_count, int32_t keeps_dimensions, SUTURE_OUT(suture_tensor) out);
    suture_result (*along)(int32_t operation, suture_tensor *a, int64_t dimension, SUTURE_OUT(suture_tensor) out);
    /* `out` points to as many handles as the operation gives: 1 for CHOLESKY, PINV and INVERSE, 2 for EIGH and QR, 3
     * for SVD. Nothing is written beyond them. */
    suture_result (*decompose)(int32_t operation, suture_tensor *a, SUTURE_OUT(suture_tensor) out);

    /* Shape and indexing. EXPAND: -1 keeps a dimension. */
    suture_result (*shape)(int32_t operation, suture_tensor *a, const int64_t *SUTURE_NULLABLE sizes, int64_t count,
                           SUTURE_OUT(suture_tensor) out);
    suture_result (*transpose)(suture_tensor *a, int64_t first, int64_t second, SUTURE_OUT(suture_tensor) out);
    /* A view of start ..< end (by step) along one dimension. */
    suture_result (*slice)(suture_tensor *a, int64_t dimension, int64_t start, int64_t end, int64_t step,
                           SUTURE_OUT(suture_tensor) out);
    suture_result (*select)(suture_tensor *a, int64_t dimension, int64_t index, SUTURE_OUT(suture_tensor) out);
    /* `source` is NULL for INDEX_SELECT, GATHER and EMBEDDING. */
    suture_result (*indexed)(int32_t operation, suture_tensor *a, int64_t dimension, suture_tensor *index,
                             suture_tensor *SUTURE_NULLABLE source, SUTURE_OUT(suture_tensor) out);
    /* a[rows, columns, …]: pairs (first, second) int64 [n, 2] index the first two dimensions -> [n, …]. Both in
     * 0 ..< size, negative ones are refused. */
    suture_result (*pick)(suture_tensor *a, suture_tensor *pairs, SUTURE_OUT(suture_tensor) out);
    /* The reverse, out of place: a with `values` [n, …] put (adds 0) or added (adds 1) at `pairs`. Where a pair
     * occurs twice and `adds` is 0, which value wins is undefined. */
    suture_result (*put)(suture_tensor *a, suture_tensor *pairs, suture_tensor *values, int32_t adds,
                         SUTURE_OUT(suture_tensor) out);
    suture_result (*concatenate)(suture_tensor *SUTURE_NONNULL const *SUTURE_NONNULL tensors, int64_t count,
                                 int64_t dimension, int32_t stacks /* 1: along a new dimension */,
                                 SUTURE_OUT(suture_tensor) out);
    /* `diagonal` 0 keeps the main diagonal; `upper` 1 keeps what is above, 0 what is below. */
    suture_result (*triangle)(suture_tensor *a, int64_t diagonal, int32_t upper, SUTURE_OUT(suture_tensor) out);
    /* The k largest along the last dimension, descending, with their int64 indices. */
    suture_result (*top_k)(suture_tensor *a, int64_t k, SUTURE_OUT(suture_tensor) values,
                           SUTURE_OUT(suture_tensor) indices);
    suture_result (*sort)(suture_tensor *a, int64_t dimension, int32_t descends, SUTURE_OUT(suture_tensor) values,
                          SUTURE_OUT(suture_tensor) indices);

    /* Neural networks. */
    /* x [.., in], weight [out, in], bias [out] or NULL */
    suture_result (*linear)(suture_tensor *x, suture_tensor *weight, suture_tensor *SUTURE_NULLABLE bias,
                            SUTURE_OUT(suture_tensor) out);
    /* Over the last dimension. */
    suture_result (*layer_norm)(suture_tensor *x, suture_tensor *SUTURE_NULLABLE weight,
                                suture_tensor *SUTURE_NULLABLE bias, double epsilon, SUTURE_OUT(suture_tensor) out);
    suture_result (*rms_norm)(suture_tensor *x, suture_tensor *SUTURE_NULLABLE weight, double epsilon,
                              SUTURE_OUT(suture_tensor) out);
    /* query [b, h, t, e], key and value [b, k, s, e] with k dividing h; mask (bool: true attends, or additive) broadcast
     * to [b, h, t, s], or NULL; `is_causal` 1 only without mask and with t == s; scale 0: 1/sqrt(e) */
    suture_result (*attention)(suture_tensor *query, suture_tensor *key, suture_tensor *value,
                               suture_tensor *SUTURE_NULLABLE mask, int32_t is_causal, double scale,
                               SUTURE_OUT(suture_tensor) out);
    /* logits [n, classes], targets int64 [n]; targets equal to `ignored` count as absent */
    suture_result (*cross_entropy)(suture_tensor *logits, suture_tensor *targets, int32_t reduction, int64_t ignored,
                                   SUTURE_OUT(suture_tensor) out);
    /* sum over the last dimension of p (log p - log q), p and q given as log-probabilities: KL(p || q) >= 0 */
    suture_result (*kl_divergence)(suture_tensor *log_p, suture_tensor *log_q, SUTURE_OUT(suture_tensor) out);

    /* Autograd. */
    /* Returns the mode that was in force on this thread, 1 recording, 0 not. */
    int32_t (*set_gradient_mode)(int32_t records);
    /* A new leaf, detached, that requires a gradient or not. It shares its data with `a`: a step of an optimiser
     * changes both. Clone first where `a` must stay. */
    suture_result (*leaf)(suture_tensor *a, int32_t requires_gradient, SUTURE_OUT(suture_tensor) out);
    /* Accumulates into the gradients of the leaves. `a` has one element. */
    suture_result (*backward)(suture_tensor *a, int32_t keeps_graph);
    /* The accumulated gradient; `out` is NULL where there is none. */
    suture_result (*gradient)(suture_tensor *leaf, SUTURE_OUT(suture_tensor) out);
    /* d sum(output) / d inputs[i] into out[i]; NULL where the output does not depend on it. Accumulates nothing. */
    suture_result (*gradients)(suture_tensor *output, suture_tensor *SUTURE_NONNULL const *SUTURE_NONNULL inputs,
                               int64_t count, int32_t keeps_graph, SUTURE_OUT(suture_tensor) out);
    /* In place: gives `a` the data of `source`, unseen by autograd. Both have the same shape and dtype. Borrowed memory
     * is refused. */
    suture_result (*assign)(suture_tensor *a, suture_tensor *source);

    /* Optimisers: they retain their leaves and change them in place. Leaves over borrowed memory are refused. */
    suture_result (*optimizer_new)(int32_t kind, suture_tensor *SUTURE_NONNULL const *SUTURE_NONNULL leaves,
                                   int64_t count, const suture_optimizer_options *options,
                                   SUTURE_OUT(suture_optimizer) out);
    void (*optimizer_release)(suture_optimizer *optimizer);
    suture_result (*optimizer_step)(suture_optimizer *optimizer);
    suture_result (*optimizer_zero)(suture_optimizer *optimizer);
    suture_result (*optimizer_set_rate)(suture_optimizer *optimizer, double learning_rate);

    /* Exchange with other libraries. `to` gives a struct that the caller ends by its deleter; `from` takes it over.
     * After an error of `from` the deleter is not called and the struct is still the caller's. */
    suture_result (*to_dlpack)(suture_tensor *a, SUTURE_OUT(struct DLManagedTensorVersioned) out);
    suture_result (*from_dlpack)(struct DLManagedTensorVersioned *managed, SUTURE_OUT(suture_tensor) out);
    /* Number of devices of a kind that can be used (SUTURE_DEVICE_…). Loads what it needs on first use. */
    suture_result (*device_count)(int32_t device, int64_t *out);
} suture_tensor_api;

SUTURE_ASSUME_NONNULL_END

#endif
