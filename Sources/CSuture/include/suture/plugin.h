/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI, part 4: what a plugin is. It exports one symbol, suture_plugin_entry.
 */
#ifndef SUTURE_PLUGIN_H
#define SUTURE_PLUGIN_H

#include "abi.h"
#include "parameter.h"
#include "session.h"
#include "values.h"

/* Kinds of component. */
#define SUTURE_KIND_LOCATOR 1
#define SUTURE_KIND_PATCHER 2
#define SUTURE_KIND_EVALUATOR 3
#define SUTURE_KIND_ANNOTATOR 4

/* How the host calls a component. */
#define SUTURE_CONVENTION_BOXED 0  /* create, then the table of its kind (below) */
#define SUTURE_CONVENTION_NATIVE 1 /* the function `entry`, called through libffi with the declared arguments in place */

/* A method that a plugin offers. Lives as long as the process. */
typedef struct suture_component {
    size_t struct_size;
    const char *SUTURE_NONNULL id; /* as in the experiment file: "memit" */
    int32_t kind;                  /* SUTURE_KIND_… */
    int32_t convention;            /* SUTURE_CONVENTION_… */
    const char *SUTURE_NONNULL version;
    const char *SUTURE_NONNULL summary; /* one line */
    uint64_t required_fields;      /* SUTURE_FIELD_… that every case must have */
    int64_t parameter_count;
    const suture_parameter *SUTURE_NONNULL const *SUTURE_NULLABLE parameters;
    /* NATIVE only. `signature` describes `entry`: "e(pppp…)", one letter per argument (native.h makes it). */
    void (*SUTURE_NULLABLE entry)(void);
    const char *SUTURE_NULLABLE signature;
} suture_component;

/* A component with its arguments. Made by the plugin, opaque to the host. */
typedef struct suture_instance suture_instance;

/* Tables of the boxed convention, by suture_plugin.get_extension. Each call runs on one thread of the host's choice, and
 * calls on one instance never overlap. Results go out through the session (session.h). */
#define SUTURE_LOCATOR_ID "suture.locator/1"
typedef struct suture_locator {
    size_t struct_size;
    /* Measures, and hands each location to session.emit_location. */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL locate)(suture_instance *SUTURE_NONNULL instance,
                                                            suture_session *SUTURE_NONNULL session,
                                                            const suture_cases *SUTURE_NONNULL cases);
} suture_locator;

#define SUTURE_PATCHER_ID "suture.patcher/1"
typedef struct suture_patcher {
    size_t struct_size;
    /* Computes the weight changes, and hands each to session.emit_delta. Never writes a weight. */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL patch)(suture_instance *SUTURE_NONNULL instance,
                                                           suture_session *SUTURE_NONNULL session,
                                                           const suture_cases *SUTURE_NONNULL cases,
                                                           const suture_locations *SUTURE_NONNULL locations);
} suture_patcher;

#define SUTURE_EVALUATOR_ID "suture.evaluator/1"
typedef struct suture_evaluator {
    size_t struct_size;
    /* Measures session.model on the cases; hands each number to session.emit_score. */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL evaluate)(suture_instance *SUTURE_NONNULL instance,
                                                              suture_session *SUTURE_NONNULL session,
                                                              const suture_cases *SUTURE_NONNULL cases);
    /* Turns the scores of all cases of a stage into metrics; hands each to session.emit_metric. Needs no model. */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL summarize)(suture_instance *SUTURE_NONNULL instance,
                                                               suture_session *SUTURE_NONNULL session,
                                                               const suture_scores *SUTURE_NONNULL scores);
} suture_evaluator;

#define SUTURE_ANNOTATOR_ID "suture.annotator/1"
typedef struct suture_annotator {
    size_t struct_size;
    /* Says which parts of texts are unwanted; hands each to session.emit_mark. Marks of one text do not overlap. */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL annotate)(suture_instance *SUTURE_NONNULL instance,
                                                              suture_session *SUTURE_NONNULL session,
                                                              const suture_texts *SUTURE_NONNULL texts);
} suture_annotator;

/* The plugin's own table. Lives as long as the process. */
typedef struct suture_plugin {
    size_t struct_size;
    uint32_t abi_major;
    uint32_t abi_minor;
    const char *SUTURE_NONNULL id; /* "suture.memit"; third parties use reverse domain names */
    const char *SUTURE_NONNULL version;
    /* `host` lives as long as the process. A host that goes on after it is done with a plugin calls stop, once for each
     * start; one whose process ends does not: the end of the worker is the unload. [load-thread] */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL start)(const suture_host *SUTURE_NONNULL host);
    void (*SUTURE_NONNULL stop)(void);
    int64_t (*SUTURE_NONNULL component_count)(void);
    /* NULL beyond the last. [any-thread] */
    const suture_component *SUTURE_NULLABLE (*SUTURE_NONNULL component_at)(int64_t index);
    /* BOXED: makes an instance; `arguments` holds one checked value per declared parameter, in order. */
    suture_error *SUTURE_NULLABLE (*SUTURE_NONNULL create)(const char *SUTURE_NONNULL component_id, int32_t kind,
                                                            const suture_arguments *SUTURE_NONNULL arguments,
                                                            suture_instance *SUTURE_NULLABLE *SUTURE_NONNULL out);
    void (*SUTURE_NONNULL destroy)(suture_instance *SUTURE_NONNULL instance);
    /* "suture.locator/1" and so on; NULL for what the plugin lacks. [any-thread] */
    const void *SUTURE_NULLABLE (*SUTURE_NONNULL get_extension)(const char *SUTURE_NONNULL id);
} suture_plugin;

/* The one exported symbol. Returns NULL when it cannot serve a host of that major. Must not do work: the host calls it
 * to look, too. [load-thread] */
SUTURE_EXTERN SUTURE_EXPORT const suture_plugin *SUTURE_NULLABLE suture_plugin_entry(uint32_t host_major,
                                                                                      uint32_t host_minor);

#endif
