/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI: the model. This is text to tokens, the forward pass with captures and interventions, generation,
 * weights, and overlays (the model with some patch applied). Nothing is ever stored on a model: what a pass must do
 * differently is an argument of that pass.
 */
#ifndef SUTURE_MODEL_H
#define SUTURE_MODEL_H

#include "abi.h"
#include "values.h"

SUTURE_ASSUME_NONNULL_BEGIN

/* A counted handle on a model: weights on disk plus an overlay of changes. Immutable. */
typedef struct suture_model suture_model;
/* A counted handle on the keys and values of tokens that were already run. Immutable. */
typedef struct suture_cache suture_cache;

typedef struct suture_model_info {
    size_t struct_size; /* set by the caller before the call */
    int64_t layer_count;
    int64_t d_model;
    int64_t d_mlp;
    int64_t d_head;
    int64_t head_count;
    int64_t key_value_head_count;
    int64_t vocabulary;
    int64_t context_length;
    int64_t beginning_token; /* -1: none */
    int64_t end_token;       /* -1: none */
    int32_t dtype;           /* SUTURE_DTYPE_… of the weights in memory */
    int32_t device;          /* SUTURE_DEVICE_… */
    int32_t device_index;
    uint32_t sites; /* bit i: SUTURE_SITE_i exists in this architecture */
} suture_model_info;

/* Copy the value at a site out of the pass. */
typedef struct suture_capture {
    size_t struct_size;
    int32_t site;
    int32_t layer; /* -1 where the site has none */
    /* int64 [n, 2] of (row, position): the capture is [n, width]. NULL: everything, [b, t, width]. */
    suture_tensor *SUTURE_NULLABLE positions;
} suture_capture;

/* Kinds of intervention. x is the value at the site, restricted to `positions` (and `units`). */
#define SUTURE_INTERVENTION_ADD 1      /* x + value */
#define SUTURE_INTERVENTION_REPLACE 2  /* value */
#define SUTURE_INTERVENTION_SCALE 3    /* x * amount */
#define SUTURE_INTERVENTION_ZERO 4     /* 0 */
#define SUTURE_INTERVENTION_NOISE 5    /* x + amount * standard normal numbers drawn from `seed` */
#define SUTURE_INTERVENTION_COPY_ROW 6 /* the value that row `source_row` of the same batch has at that position */
#define SUTURE_INTERVENTION_CLOSURE 7  /* what `closure` returns */

/* Change the value at a site. An intervention that touches nothing is an error. */
typedef struct suture_intervention {
    size_t struct_size;
    int32_t site;
    int32_t layer;
    int32_t kind;
    int32_t source_row;                       /* COPY_ROW */
    suture_tensor *SUTURE_NULLABLE positions; /* int64 [n, 2] of (row, position); NULL: everywhere */
    suture_tensor *SUTURE_NULLABLE units;     /* int64 [m]: only these components of the width; NULL: all */
    suture_tensor *SUTURE_NULLABLE value; /* broadcast to [n, width] (or [b, t, width]); gradients flow through it */
    double amount;
    int64_t seed;
    void *SUTURE_NULLABLE closure_context;
    /* Receives the whole site [b, t, width] (borrowed) and returns an owned tensor of the same shape. [call-thread] */
    suture_result (*SUTURE_NULLABLE closure)(void *SUTURE_NULLABLE closure_context, suture_tensor *value,
                                             SUTURE_OUT(suture_tensor) out);
} suture_intervention;

#define SUTURE_LOGITS_NONE 0
#define SUTURE_LOGITS_ALL 1    /* [b, t, vocabulary] */
#define SUTURE_LOGITS_CHOSEN 2 /* [n, vocabulary] at logit_positions */
#define SUTURE_LOGITS_LAST 3   /* [b, vocabulary] at the last real position of each row */

/* One pass. Rows are right-padded; padding never changes a result of a real position. */
typedef struct suture_forward {
    size_t struct_size;
    suture_tensor *SUTURE_NULLABLE tokens;   /* int64 [b, t]; NULL when `residual` is given */
    suture_tensor *SUTURE_NULLABLE residual; /* [b, t, d]: enters as RESIDUAL_IN of first_layer */
    suture_tensor *SUTURE_NULLABLE lengths;  /* int64 [b]: real tokens of each row; NULL: all t */
    suture_cache *SUTURE_NULLABLE past;      /* keys and values of what precedes, for every layer that is run */
    int32_t first_layer;                     /* 0 with tokens; layer_count runs the final norm and head alone */
    int32_t end_layer;   /* one beyond the last block to run; -1: all. Below layer_count: no logits */
    int32_t logits;      /* SUTURE_LOGITS_… */
    int32_t keeps_cache; /* 1: return keys and values of past and these tokens */
    suture_tensor *SUTURE_NULLABLE logit_positions; /* int64 [n, 2] of (row, position) */
    int64_t capture_count;
    const suture_capture *SUTURE_NONNULL const *SUTURE_NULLABLE captures;
    int64_t intervention_count;
    const suture_intervention *SUTURE_NONNULL const *SUTURE_NULLABLE interventions;
} suture_forward;

typedef struct suture_forward_result {
    size_t struct_size;                    /* set by the caller */
    suture_tensor *SUTURE_NULLABLE logits; /* owned by the caller */
    suture_cache *SUTURE_NULLABLE cache;   /* owned by the caller */
    /* In: room for capture_count handles. Out: one owned tensor per capture, in order. */
    suture_tensor *SUTURE_NULLABLE *SUTURE_NULLABLE captured;
} suture_forward_result;

/* Continue prompts. */
typedef struct suture_generation {
    size_t struct_size;
    suture_tensor *tokens;                  /* int64 [b, t], right-padded */
    suture_tensor *SUTURE_NULLABLE lengths; /* int64 [b] */
    int64_t max_new_tokens;
    double temperature; /* 0: greedy */
    int64_t top_k;      /* 0: no limit */
    double top_p;       /* 1: no limit */
    int64_t seed;       /* row i draws from a stream fixed by seed and i: not by the other rows */
    int64_t stop_count; /* tokens that end a row; the end-of-text token always does */
    const int64_t *SUTURE_NULLABLE stop_tokens;
    /* One number per row: row i draws from a stream fixed by `seed` and streams[i], wherever it is in the batch. NULL: i. */
    const int64_t *SUTURE_NULLABLE streams;
} suture_generation;

/* A projection of a block: a weight, the site that it reads and the one that it writes. Where a checkpoint keeps several
 * projections in one tensor, each has rows of its own. */
typedef struct suture_projection {
    size_t struct_size;    /* set by the caller before the call */
    const char *parameter; /* the checkpoint's name; lives as long as the process */
    int32_t layer;
    int32_t input_site;  /* SUTURE_SITE_…: the projection's input, [b, t, in] */
    int32_t output_site; /* its output, [b, t, out], bias included */
    int32_t reserved;
    int64_t row_count;                   /* out */
    suture_tensor *SUTURE_NULLABLE rows; /* int64 [out]: which rows of the parameter; owned by the caller; NULL: all */
} suture_projection;

#define SUTURE_MODEL_ID "suture.model/1"
typedef struct suture_model_api {
    size_t struct_size;

    void (*retain)(suture_model *model);  /* [any-thread] */
    void (*release)(suture_model *model); /* [any-thread] */
    /* Fills the fields that fit into info->struct_size. [any-thread] */
    suture_result (*info)(suture_model *model, suture_model_info *info);

    /* Text to token ids (int64 [n]) and, where `offsets` is not NULL, the range of Unicode scalars of each (int64
     * [n, 2]). `adds_special` 1 applies the tokenizer's template (a beginning token, say). [any-thread] */
    suture_result (*encode)(suture_model *model, const char *text, int32_t adds_special, SUTURE_OUT(suture_tensor) ids,
                            suture_tensor *SUTURE_NULLABLE *SUTURE_NULLABLE offsets);
    /* Writes at most `capacity` bytes with the final NUL; `needed` receives what the whole text takes. [any-thread] */
    suture_result (*decode)(suture_model *model, const int64_t *ids, int64_t count, int32_t skips_special,
                            char *SUTURE_NULLABLE buffer, int64_t capacity, int64_t *needed);

    /* Runs a pass. Gradients flow from results to values and residuals that require them; the model's own weights never
     * require any unless they were given as overlay. [call-thread] */
    suture_result (*forward)(suture_model *model, const suture_forward *request, suture_forward_result *result);
    /* Returns new tokens (int64 [b, n], padded with -1 after a row's end). [call-thread] */
    suture_result (*generate)(suture_model *model, const suture_generation *request, SUTURE_OUT(suture_tensor) out);

    /* The weight that reads a site: NEURONS gives the down projection, HEAD_OUTPUT the attention output projection,
     * MLP_INPUT the up projection. Same buffer rule as decode. [any-thread] */
    suture_result (*weight_name)(suture_model *model, int32_t site, int32_t layer, char *SUTURE_NULLABLE buffer,
                                 int64_t capacity, int64_t *needed);
    /* A weight by its checkpoint name, [out, in] for projections, overlay included. [any-thread] */
    suture_result (*parameter)(suture_model *model, const char *name, SUTURE_OUT(suture_tensor) out);
    /* A new model: this one with the changes added. Shares everything else. Fails on unknown parameters, wrong shapes
     * and numbers that are not finite. [any-thread] */
    suture_result (*apply)(suture_model *model, const suture_deltas *deltas, SUTURE_OUT(suture_model) out);

    void (*cache_retain)(suture_cache *cache);  /* [any-thread] */
    void (*cache_release)(suture_cache *cache); /* [any-thread] */
    /* A new cache of the rows `rows` (int64 [m], repeats allowed; NULL: as they are), of which only the first lengths[i]
     * tokens count (int64 [m]; NULL: all). [any-thread] */
    suture_result (*cache_select)(suture_cache *cache, suture_tensor *SUTURE_NULLABLE rows,
                                  suture_tensor *SUTURE_NULLABLE lengths, SUTURE_OUT(suture_cache) out);

    /* The checkpoint names of all parameters, ascending: how many there are, and that at `index`. Same buffer rule as
     * decode. [any-thread] */
    int64_t (*parameter_count)(suture_model *model);
    suture_result (*parameter_name)(suture_model *model, int64_t index, char *SUTURE_NULLABLE buffer, int64_t capacity,
                                    int64_t *needed);

    /* The projections of the blocks, by layer: how many there are, and one of them. A token's gradient of a projection's
     * weight is the outer product of the gradient at its output and the value at its input. [any-thread] */
    int64_t (*projection_count)(suture_model *model);
    suture_result (*projection)(suture_model *model, int64_t index, suture_projection *out);

    /* What the model reads when a user says `message`, in the words of the chat template of its folder, up to where its
     * answer begins; put it into tokens with adds_special 1. `system`: what comes first, of the role system; NULL: nothing.
     * Fails with UNIMPLEMENTED where the folder has no template. Same buffer rule as decode. [any-thread] */
    SUTURE_SINCE(2)
    suture_result (*chat_prompt)(suture_model *model, const char *SUTURE_NULLABLE system, const char *message,
                                 char *SUTURE_NULLABLE buffer, int64_t capacity, int64_t *needed);
} suture_model_api;

SUTURE_ASSUME_NONNULL_END

#endif
