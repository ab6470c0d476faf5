/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI: calls. Whoever calls a component, host or another component, makes a suture_call that says what is
 * asked and a suture_sink that receives the answer. The session is what the component may use meanwhile.
 */
#ifndef SUTURE_SESSION_H
#define SUTURE_SESSION_H

#include "abi.h"
#include "kinds.h"
#include "model.h"
#include "values.h"

SUTURE_ASSUME_NONNULL_BEGIN

/* Host-made, opaque; valid during the call that handed it over. */
typedef struct suture_session suture_session;

#define SUTURE_CALL_STATE_ANEW 1 /* flag: what is carried is, for this call, as it was when the caller began */

/* What a component is asked. The operation says which of the lists are given (kinds.h); the others are NULL. */
typedef struct suture_call {
    size_t struct_size;
    int32_t operation; /* SUTURE_OPERATION_… */
    int32_t flags;     /* SUTURE_CALL_… */
    /* To measure or to edit, with every patch that is in force. Borrowed. The host always sets it; a component that calls
     * another may leave it NULL for the model that it was given itself. */
    suture_model *SUTURE_NULLABLE model;
    /* Which evaluation this is: "before", "after", "pass-2" …; "" or NULL outside evaluation. */
    const char *SUTURE_NULLABLE stage;
    const suture_cases *SUTURE_NULLABLE cases;
    const suture_locations *SUTURE_NULLABLE locations;
    const suture_scores *SUTURE_NULLABLE scores;
    const suture_texts *SUTURE_NULLABLE texts;
    /* Training examples, a block of them at a time: what followed a prompt, or whole texts where the prompt is "". */
    SUTURE_SINCE(3) const suture_texts *SUTURE_NULLABLE examples;
} suture_call;

/* Receives what a component hands out, in its order. What is passed is valid during the call of the function and copied
 * there (tensors are retained). The host's sink refuses what the operation may not hand out, and values that make no
 * sense; return such an error. A NULL function in a component's own sink drops its kind of value. [call-thread] */
typedef struct suture_sink {
    size_t struct_size;
    void *SUTURE_NULLABLE context; /* first argument of every function */
    suture_result (*SUTURE_NULLABLE location)(void *SUTURE_NULLABLE context, const suture_location *location);
    suture_result (*SUTURE_NULLABLE delta)(void *SUTURE_NULLABLE context, const suture_delta *delta);
    suture_result (*SUTURE_NULLABLE score)(void *SUTURE_NULLABLE context, const suture_score *score);
    suture_result (*SUTURE_NULLABLE metric)(void *SUTURE_NULLABLE context, const suture_metric *metric);
    suture_result (*SUTURE_NULLABLE mark)(void *SUTURE_NULLABLE context, const suture_mark *mark);
    SUTURE_SINCE(3)
    suture_result (*SUTURE_NULLABLE tensor)(void *SUTURE_NULLABLE context, const suture_named_tensor *tensor);
} suture_sink;

#define SUTURE_SESSION_ID "suture.session/1"
typedef struct suture_session_api {
    size_t struct_size;

    /* The model as it lies on disk. Borrowed. [call-thread] */
    suture_model *SUTURE_NONNULL (*original)(suture_session *session);
    /* The seed of the run. [call-thread] */
    int64_t (*seed)(suture_session *session);

    /* Says how far `phase` is ("keys", "values", "solve" …), and starts the phase's clock when the name changes. Returns
     * SUTURE_CANCELLED as an error when the run must end: hand it on. Cheap; call it once a step. [call-thread] */
    suture_result (*progress)(suture_session *session, const char *phase, int64_t done, int64_t total);

    /* Uncentred second moments E[x x^T] (float64, [width, width]) of the inputs of a projection, over the run's
     * statistics text, on the ORIGINAL model. One pass serves all layers that are asked for together; the result is cached
     * on disk. `out` receives `layer_count` owned tensors, `out_tokens` the number of token vectors that each rests on.
     * [call-thread] */
    suture_result (*second_moments)(suture_session *session, int32_t site, const int32_t *layers, int64_t layer_count,
                                    SUTURE_OUT(suture_tensor) out, int64_t *out_tokens);

    /* Work worth keeping when the run is killed (optimised values, say), under a key that the component chooses. The host
     * keeps it apart by run, group of cases and kind of component, and drops it when the run is done. `out` is NULL where
     * there is nothing. [call-thread] */
    suture_result (*store_get)(suture_session *session, const char *key, SUTURE_OUT(suture_tensor) out);
    suture_result (*store_put)(suture_session *session, const char *key, suture_tensor *tensor);

    /* What accompanies the edits of a run. One group of cases keeps it for the next one where groups are edited one
     * after the other on the same weights. It is empty at the start and wherever weights are restored. It serves a
     * method that must not disturb its own earlier work. `out` is NULL where there is nothing. [call-thread] */
    suture_result (*carried)(suture_session *session, const char *key, SUTURE_OUT(suture_tensor) out);
    suture_result (*carry)(suture_session *session, const char *key, suture_tensor *tensor);

    /* Patchers: a stage on the way ("pass-2"). The host applies `deltas`, everything so far, to the call's model, lets the
     * run's evaluators measure the cases under that stage, and records the norms. Scores that were handed out since the
     * last report belong to this one; those that are left at the end belong to "after". [call-thread] */
    suture_result (*report)(suture_session *session, const char *stage, const suture_deltas *deltas);

    /* Calls the component that fills a parameter of type COMPONENT; `slot` is that argument's text. It runs in a session of
     * its own, on the model that `call` names, with a store and slots of its own. What it hands out goes to `sink` after
     * it has returned. [call-thread] */
    suture_result (*call)(suture_session *session, const char *slot, const suture_call *call, const suture_sink *sink);

    /* The number of the run's training examples (the section `training` of the experiment file). Reads the whole file the
     * first time. [call-thread] */
    SUTURE_SINCE(3) suture_result (*training_count)(suture_session *session, int64_t *out);
    /* Hands some training examples to `receive`, in the order of `indices`. Cost: a seek in the file for each.
     * [call-thread] */
    SUTURE_SINCE(3)
    suture_result (*training_examples)(suture_session *session, const int64_t *indices, int64_t count,
                                       void *SUTURE_NULLABLE context,
                                       suture_result (*receive)(void *SUTURE_NULLABLE context,
                                                                const suture_marked_text *example));
    /* How much each training example made `model` say each query: float32 [queries, examples], where larger is "training on
     * it makes the query likelier". Calls the estimator in `slot` for as many passes over the examples as it needs, keeps
     * what it fitted on disk, and goes on where an interrupted run stopped. `model` NULL is the model of the call.
     * [call-thread] */
    SUTURE_SINCE(3)
    suture_result (*influence)(suture_session *session, const char *slot, suture_model *SUTURE_NULLABLE model,
                               const suture_texts *queries, SUTURE_OUT(suture_tensor) out);

    /* The weights in another folder as a model: a checkpoint of the training that made this one, say. It has to have the
     * parameters and the tokenizer of the original. `folder` is the text of a parameter with the unit "folder", so that what
     * is in it counts as a part of the run. The host keeps it loaded for as long as the process lives. [call-thread] */
    SUTURE_SINCE(4)
    suture_result (*checkpoint)(suture_session *session, const char *folder, SUTURE_OUT(suture_model) out);
} suture_session_api;

SUTURE_ASSUME_NONNULL_END

#endif
