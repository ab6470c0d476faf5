/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI: the values of a run, which are edit cases, locations, changes, scores, metrics, texts and marks.
 * Arrays are arrays of pointers, since a struct may be longer than the reader knows.
 */
#ifndef SUTURE_VALUES_H
#define SUTURE_VALUES_H

#include "abi.h"

SUTURE_ASSUME_NONNULL_BEGIN

/* A counted handle on a tensor; see tensor.h. */
typedef struct suture_tensor suture_tensor;

/* Fields of an edit case, as bits: what a component needs, and what a case has. */
#define SUTURE_FIELD_PROMPT (UINT64_C(1) << 0)
#define SUTURE_FIELD_SUBJECT (UINT64_C(1) << 1)
#define SUTURE_FIELD_TARGET_NEW (UINT64_C(1) << 2)
#define SUTURE_FIELD_TARGET_TRUE (UINT64_C(1) << 3)
#define SUTURE_FIELD_PARAPHRASES (UINT64_C(1) << 4)
#define SUTURE_FIELD_NEIGHBORS (UINT64_C(1) << 5)
#define SUTURE_FIELD_GENERATION (UINT64_C(1) << 6)
#define SUTURE_FIELD_ATTRIBUTES (UINT64_C(1) << 7)
#define SUTURE_FIELD_ANSWER (UINT64_C(1) << 8)
#define SUTURE_FIELD_NEIGHBOR_SAMPLES (UINT64_C(1) << 9)
#define SUTURE_FIELD_GENERATIONS (UINT64_C(1) << 10)
#define SUTURE_FIELD_BRIDGE (UINT64_C(1) << 11)
#define SUTURE_FIELD_FIRST_HOP (UINT64_C(1) << 12)
#define SUTURE_FIELD_SECOND_HOP (UINT64_C(1) << 13)
#define SUTURE_FIELD_WRONG_ANSWER (UINT64_C(1) << 14)
#define SUTURE_FIELD_RELATED (UINT64_C(1) << 15)
#define SUTURE_FIELD_UNRELATED (UINT64_C(1) << 16)
#define SUTURE_FIELD_PROBES (UINT64_C(1) << 17)

/* Another subject of the same relation, to be left as it is while a case is edited. */
typedef struct suture_neighbor {
    size_t struct_size;
    const char *prompt; /* template with one "{}" for the subject */
    const char *subject;
    const char *target; /* its own object, without its leading space */
} suture_neighbor;

/* A prompt with its right answer. */
typedef struct suture_question {
    size_t struct_size;
    const char *prompt;
    const char *answer; /* follows the prompt with nothing in between */
} suture_question;

#define SUTURE_PROBE_FOLLOWS 1 /* the edit implies the answers */
#define SUTURE_PROBE_STAYS 2   /* the edit leaves the answers as they are */

/* A question about what else an edit should have changed, or should have left alone. */
typedef struct suture_probe {
    size_t struct_size;
    const char *kind;    /* the data set's own word: "reasoning" */
    const char *prompt;  /* whole */
    int32_t expectation; /* SUTURE_PROBE_… */
    int32_t reserved;
    int64_t answer_count;                                      /* any one of them is right; at least one */
    const char *SUTURE_NONNULL const *SUTURE_NULLABLE answers; /* without their leading space */
} suture_probe;

/* A text that followed a prompt, with the parts of it that are unwanted. */
typedef struct suture_marked_text {
    size_t struct_size;
    const char *prompt; /* "" where there was none */
    const char *text;
    int64_t mark_count;
    const int64_t *SUTURE_NULLABLE marks; /* mark_count pairs: the first byte of `text`, and the one after the last */
} suture_marked_text;

typedef struct suture_texts {
    size_t struct_size;
    int64_t count;
    const suture_marked_text *SUTURE_NONNULL const *SUTURE_NULLABLE items;
} suture_texts;

/* An unwanted part of one of several texts. */
typedef struct suture_mark {
    size_t struct_size;
    int64_t text;  /* index into suture_texts */
    int64_t start; /* bytes of its UTF-8 */
    int64_t end;
} suture_mark;

/* One request to edit. A text that the data set lacks is NULL, a list that it lacks is empty. */
typedef struct suture_edit_case {
    size_t struct_size;
    int64_t index;                      /* position in the run, from 0 */
    const char *id;                     /* the data set's own name of the case */
    const char *SUTURE_NULLABLE prompt; /* template with one "{}" for the subject; ends before the object */
    const char *SUTURE_NULLABLE subject;
    const char *SUTURE_NULLABLE target_new;  /* the object to write, without its leading space */
    const char *SUTURE_NULLABLE target_true; /* the object that the model knows */
    const char *SUTURE_NULLABLE answer;      /* a whole reference answer; follows the prompt with nothing in between */
    int64_t paraphrase_count;                /* prompts with the subject filled in */
    const char *SUTURE_NONNULL const *SUTURE_NULLABLE paraphrase_prompts;
    int64_t neighborhood_count; /* same relation, other subjects; their object is target_true */
    const char *SUTURE_NONNULL const *SUTURE_NULLABLE neighborhood_prompts;
    int64_t generation_count;
    const char *SUTURE_NONNULL const *SUTURE_NULLABLE generation_prompts;
    int64_t attribute_count; /* other subjects whose object is target_new */
    const char *SUTURE_NONNULL const *SUTURE_NULLABLE attribute_prompts;
    int64_t neighbor_sample_count; /* neighbours that a method may learn from */
    const suture_neighbor *SUTURE_NONNULL const *SUTURE_NULLABLE neighbor_samples;
    int64_t marked_text_count; /* what the model itself said, with marks (negative training) */
    const suture_marked_text *SUTURE_NONNULL const *SUTURE_NULLABLE marked_texts;
    /* A composition of two facts. The subject is then a phrase that describes the bridge: "the country of Lyon". */
    SUTURE_SINCE(1) const char *SUTURE_NULLABLE bridge;            /* what the phrase stands for: "France" */
    SUTURE_SINCE(1) const char *SUTURE_NULLABLE first_hop_prompt;  /* the bridge is its answer */
    SUTURE_SINCE(1) const char *SUTURE_NULLABLE second_hop_prompt; /* template with one "{}" for the bridge */
    SUTURE_SINCE(1) const char *SUTURE_NULLABLE wrong_answer;      /* what the model says before the edit */
    SUTURE_SINCE(1) int64_t related_count; /* compositions with the same first fact and another second one */
    SUTURE_SINCE(1) const suture_question *SUTURE_NONNULL const *SUTURE_NULLABLE related;
    SUTURE_SINCE(1) int64_t unrelated_count; /* compositions that have nothing to do with it */
    SUTURE_SINCE(1) const suture_question *SUTURE_NONNULL const *SUTURE_NULLABLE unrelated;
    SUTURE_SINCE(2) int64_t probe_count; /* what else should have changed, or not */
    SUTURE_SINCE(2) const suture_probe *SUTURE_NONNULL const *SUTURE_NULLABLE probes;
} suture_edit_case;

typedef struct suture_cases {
    size_t struct_size;
    int64_t count;
    const suture_edit_case *SUTURE_NONNULL const *SUTURE_NULLABLE items;
} suture_cases;

/* sites: places inside the forward pass. b: batch, t: position, d: width of the residual stream. */
#define SUTURE_SITE_EMBEDDING 0        /* [b, t, d]  residual stream before block 0; layer is ignored (use -1) */
#define SUTURE_SITE_RESIDUAL_IN 1      /* [b, t, d]  residual stream before the block */
#define SUTURE_SITE_RESIDUAL_MID 2     /* [b, t, d]  after attention, before the MLP; absent in parallel blocks */
#define SUTURE_SITE_RESIDUAL_OUT 3     /* [b, t, d]  residual stream after the block */
#define SUTURE_SITE_HEAD_OUTPUT 4      /* [b, t, head * dHead]  input of the attention output projection */
#define SUTURE_SITE_ATTENTION_OUTPUT 5 /* [b, t, d]  as added to the stream */
#define SUTURE_SITE_MLP_INPUT 6        /* [b, t, d]  after the norm in front of the MLP */
#define SUTURE_SITE_NEURONS 7          /* [b, t, dMLP]  input of the down projection */
#define SUTURE_SITE_MLP_OUTPUT 8       /* [b, t, d]  as added to the stream */
#define SUTURE_SITE_FINAL_NORM 9       /* [b, t, d]  input of the unembedding; layer is ignored (use -1) */
#define SUTURE_SITE_LOGITS 10          /* [b, t, vocabulary]; layer is ignored (use -1) */
#define SUTURE_SITE_ATTENTION_INPUT                                                                                    \
    11                       /* [b, t, d]  after the norm in front of attention: input of query, key and value */
#define SUTURE_SITE_QUERY 12 /* [b, t, head * dHead]  output of the query projection, before norm and rotation */
#define SUTURE_SITE_KEY 13   /* [b, t, keyValueHead * dHead]  output of the key projection, before norm and rotation */
#define SUTURE_SITE_VALUE 14 /* [b, t, keyValueHead * dHead]  output of the value projection */
#define SUTURE_SITE_ATTENTION_PATTERN 15 /* [b, t, head, key]  attention weights; rows sum to 1 over the keys */
#define SUTURE_SITE_GATE 16 /* [b, t, dMLP]  output of the gate projection, before the activation; gated MLPs alone */
#define SUTURE_SITE_UP 17 /* [b, t, dMLP]  output of the up projection, before the activation where there is no gate */
#define SUTURE_SITE_COUNT 18

/* Roles of a token position, for sites that are named by role and not by index. */
#define SUTURE_ROLE_NONE 0
#define SUTURE_ROLE_SUBJECT_FIRST 1
#define SUTURE_ROLE_SUBJECT_LAST 2
#define SUTURE_ROLE_AFTER_SUBJECT 3
#define SUTURE_ROLE_LAST 4
#define SUTURE_ROLE_SUBJECT_MIDDLE 5
#define SUTURE_ROLE_FURTHER 6 /* after AFTER_SUBJECT and before LAST */

#define SUTURE_LOCATION_SELECTED 1 /* flag: the patcher is to write here; without it the location is a measurement */

/* Where, with how much evidence. */
typedef struct suture_location {
    size_t struct_size;
    int64_t case_index; /* -1: every case */
    int32_t site;       /* SUTURE_SITE_… */
    int32_t layer;      /* from 0; -1 where the site has none */
    int64_t position;   /* token index in the prompt; -1: by role, or every position */
    int32_t role;       /* SUTURE_ROLE_… */
    int32_t flags;      /* SUTURE_LOCATION_… */
    int64_t unit;       /* neuron or head; -1: the whole site */
    double score;       /* larger is more responsible; the locator documents the unit */
    /* What the score measures, where a locator measures several things: "probability of the bridge". */
    SUTURE_SINCE(1) const char *SUTURE_NULLABLE measure;
} suture_location;

typedef struct suture_locations {
    size_t struct_size;
    int64_t count;
    const suture_location *SUTURE_NONNULL const *SUTURE_NULLABLE items;
} suture_locations;

/* Forms of a change. The orientation is always [out, in], whatever the checkpoint stores. */
#define SUTURE_DELTA_LOW_RANK 1 /* left [out, rank] @ right [rank, in] */
#define SUTURE_DELTA_ROWS 2     /* values [n, in] added to the rows `rows` (int64 [n]) */
#define SUTURE_DELTA_DENSE 3    /* values, the shape of the parameter */
/* Something other than a change of a weight, such as a vector that is added at a site. `extension` names it, with a
 * revision. A host that does not know the name says so and applies nothing. No host knows one yet. */
#define SUTURE_DELTA_EXTENSION 4

/* A tensor with a name: of an extension, or what an estimator hands out. */
typedef struct suture_named_tensor {
    size_t struct_size;
    const char *name;
    suture_tensor *tensor;
} suture_named_tensor;

/* One change that a patcher computed. */
typedef struct suture_delta {
    size_t struct_size;
    const char *parameter; /* the checkpoint's name of the tensor; "" where an extension concerns none */
    int32_t form;          /* SUTURE_DELTA_… */
    int32_t reserved;
    suture_tensor *SUTURE_NULLABLE left;
    suture_tensor *SUTURE_NULLABLE right;
    suture_tensor *SUTURE_NULLABLE rows;
    suture_tensor *SUTURE_NULLABLE values;
    const char
        *SUTURE_NULLABLE extension; /* EXTENSION: "suture.site-vector/1"; third parties use reverse domain names */
    const char *SUTURE_NULLABLE settings; /* EXTENSION: a JSON object with what is not a tensor */
    int64_t tensor_count;                 /* EXTENSION */
    const suture_named_tensor *SUTURE_NONNULL const *SUTURE_NULLABLE tensors;
} suture_delta;

typedef struct suture_deltas {
    size_t struct_size;
    int64_t count;
    const suture_delta *SUTURE_NONNULL const *SUTURE_NULLABLE items;
} suture_deltas;

/* One number that was measured on one case, or (case_index -1) on the run as a whole. A judge's scores are of texts:
 * case_index is then the index into the call's texts. */
typedef struct suture_score {
    size_t struct_size;
    int64_t case_index;
    const char *name;
    double value;
    double weight; /* 1 unless the number stands for more than one observation */
} suture_score;

typedef struct suture_scores {
    size_t struct_size;
    int64_t count;
    const suture_score *SUTURE_NONNULL const *SUTURE_NULLABLE items;
} suture_scores;

#define SUTURE_DIRECTION_LOWER_IS_BETTER (-1)
#define SUTURE_DIRECTION_NONE 0
#define SUTURE_DIRECTION_HIGHER_IS_BETTER 1

/* A figure of the report. */
typedef struct suture_metric {
    size_t struct_size;
    const char *name;
    double value;
    const char *unit;      /* "percent", "nats", "ratio" … */
    int64_t n;             /* observations that it rests on */
    double standard_error; /* NaN where it has no meaning */
    int32_t direction;     /* SUTURE_DIRECTION_… */
    int32_t reserved;
    const char *protocol; /* how it was measured: "teacher-forced", "greedy" … */
} suture_metric;

SUTURE_ASSUME_NONNULL_END

#endif
