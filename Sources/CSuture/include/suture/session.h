/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI, part 5: the session — what a component may use while it is called: the model, the statistics, a
 * store for work worth keeping, progress, and the sinks for its results.
 */
#ifndef SUTURE_SESSION_H
#define SUTURE_SESSION_H

#include "abi.h"
#include "model.h"
#include "values.h"

/* Host-made, opaque; valid during the call that handed it over. */
typedef struct suture_session suture_session;

#define SUTURE_CALL_STATE_ANEW 1 /* flag: what is carried is, for this call, as it was when the caller began */

/* What a component asks of another one. Which fields are used follows from the other's kind. */
typedef struct suture_call {
    size_t struct_size;
    int32_t flags;                                   /* SUTURE_CALL_… */
    int32_t reserved;
    suture_model *SUTURE_NULLABLE model;             /* to measure or to edit; NULL: the session's */
    const char *SUTURE_NULLABLE stage;               /* evaluators: the name of this evaluation */
    const suture_cases *SUTURE_NULLABLE cases;       /* locators, patchers, evaluators */
    const suture_locations *SUTURE_NULLABLE locations; /* patchers */
    const suture_texts *SUTURE_NULLABLE texts;       /* annotators */
} suture_call;

/* Receives what another component handed out, in its order, after it has returned. What is passed is valid during the
 * call of the function. A NULL function drops its kind. */
typedef struct suture_sink {
    size_t struct_size;
    void *SUTURE_NULLABLE context; /* first argument of every function */
    void (*SUTURE_NULLABLE location)(void *SUTURE_NULLABLE context, const suture_location *SUTURE_NONNULL location);
    void (*SUTURE_NULLABLE delta)(void *SUTURE_NULLABLE context, const suture_delta *SUTURE_NONNULL delta);
    void (*SUTURE_NULLABLE score)(void *SUTURE_NULLABLE context, const suture_score *SUTURE_NONNULL score);
    void (*SUTURE_NULLABLE metric)(void *SUTURE_NULLABLE context, const suture_metric *SUTURE_NONNULL metric);
    void (*SUTURE_NULLABLE mark)(void *SUTURE_NULLABLE context, const suture_mark *SUTURE_NONNULL mark);
} suture_sink;

#define SUTURE_SESSION_ID "suture.session/1"
typedef struct suture_session_api {
    size_t struct_size;

    /* The model to measure or to edit: with every patch that is in force. Borrowed. [call-thread] */
    suture_model *SUTURE_NONNULL (*SUTURE_NONNULL model)(suture_session *SUTURE_NONNULL session);
    /* The model as it lies on disk. Borrowed. [call-thread] */
    suture_model *SUTURE_NONNULL (*SUTURE_NONNULL original)(suture_session *SUTURE_NONNULL session);
    /* The seed of the run. [call-thread] */
    int64_t (*SUTURE_NONNULL seed)(suture_session *SUTURE_NONNULL session);
    /* Which evaluation this is: "before", "after", "pass-2" …; "" outside evaluation. Borrowed. [call-thread] */
    const char *SUTURE_NONNULL (*SUTURE_NONNULL stage)(suture_session *SUTURE_NONNULL session);

    /* Says how far `phase` is ("keys", "values", "solve" …), and starts the phase's clock when the name changes. Returns
     * SUTURE_CANCELLED as an error when the run shall end: hand it on. Cheap; call it per step. [call-thread] */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL progress)(suture_session *SUTURE_NONNULL session,
                                                              const char *SUTURE_NONNULL phase, int64_t done,
                                                              int64_t total);

    /* Sinks: what is handed over is copied (tensors are retained). [call-thread] */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL emit_location)(suture_session *SUTURE_NONNULL session,
                                                                   const suture_location *SUTURE_NONNULL location);
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL emit_delta)(suture_session *SUTURE_NONNULL session,
                                                                const suture_delta *SUTURE_NONNULL delta);
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL emit_score)(suture_session *SUTURE_NONNULL session,
                                                                const suture_score *SUTURE_NONNULL score);
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL emit_metric)(suture_session *SUTURE_NONNULL session,
                                                                 const suture_metric *SUTURE_NONNULL metric);

    /* Uncentred second moments E[x x^T] (float64, [width, width]) of the inputs of a projection, over the run's
     * statistics text, on the ORIGINAL model. One pass for all layers that are asked for together; cached on disk.
     * `out` receives `layer_count` owned tensors, `out_tokens` the number of token vectors behind each. [call-thread] */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL second_moments)(suture_session *SUTURE_NONNULL session, int32_t site,
                                                                    const int32_t *SUTURE_NONNULL layers,
                                                                    int64_t layer_count,
                                                                    suture_tensor *SUTURE_NULLABLE *SUTURE_NONNULL out,
                                                                    int64_t *SUTURE_NONNULL out_tokens);

    /* Work worth keeping when the run is killed (optimised values, say), under a key that the component chooses. The host
     * keeps it apart by run, group of cases and kind of component, and drops it when the run is done. `out` is NULL where there is
     * nothing. [call-thread] */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL store_get)(suture_session *SUTURE_NONNULL session,
                                                               const char *SUTURE_NONNULL key,
                                                               suture_tensor *SUTURE_NULLABLE *SUTURE_NONNULL out);
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL store_put)(suture_session *SUTURE_NONNULL session,
                                                               const char *SUTURE_NONNULL key,
                                                               suture_tensor *SUTURE_NONNULL tensor);

    /* Annotators: an unwanted part of one of the texts. [call-thread] */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL emit_mark)(suture_session *SUTURE_NONNULL session,
                                                               const suture_mark *SUTURE_NONNULL mark);

    /* What follows the edits of a run: kept by one group of cases for the next one where groups are edited one upon the
     * other, empty at the start and wherever weights are restored. For what a method must not disturb of its own earlier
     * work. `out` is NULL where there is nothing. [call-thread] */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL carried)(suture_session *SUTURE_NONNULL session,
                                                             const char *SUTURE_NONNULL key,
                                                             suture_tensor *SUTURE_NULLABLE *SUTURE_NONNULL out);
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL carry)(suture_session *SUTURE_NONNULL session,
                                                           const char *SUTURE_NONNULL key,
                                                           suture_tensor *SUTURE_NONNULL tensor);

    /* Patchers: a stage on the way ("pass-2"). The host applies `deltas`, everything so far, to session.model, lets the
     * run's evaluators measure the cases under that stage, and records the norms. Scores emitted since the last report
     * belong to it; those that are left at the end belong to "after". [call-thread] */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL report)(suture_session *SUTURE_NONNULL session,
                                                            const char *SUTURE_NONNULL stage,
                                                            const suture_delta *SUTURE_NONNULL const *SUTURE_NULLABLE
                                                                deltas,
                                                            int64_t count);

    /* Calls the component that fills a parameter of type COMPONENT; `slot` is that argument's text. It sees a session of
     * its own: the given model, a store and slots of its own. Results go to `sink`. [call-thread] */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL call)(suture_session *SUTURE_NONNULL session,
                                                          const char *SUTURE_NONNULL slot,
                                                          const suture_call *SUTURE_NONNULL call,
                                                          const suture_sink *SUTURE_NONNULL sink);
} suture_session_api;

#endif
