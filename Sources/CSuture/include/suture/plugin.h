/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI: what a plugin is. It exports one symbol, suture_plugin_entry.
 */
#ifndef SUTURE_PLUGIN_H
#define SUTURE_PLUGIN_H

#include "abi.h"
#include "kinds.h"
#include "parameter.h"
#include "session.h"
#include "values.h"

SUTURE_ASSUME_NONNULL_BEGIN

/* How the host calls a component. */
#define SUTURE_CONVENTION_BOXED 0 /* suture_plugin.create, then suture_plugin.call */
#define SUTURE_CONVENTION_NATIVE                                                                                       \
    1 /* the function `entry`, called through libffi with the declared arguments in place */

/* A method that a plugin offers. Lives as long as the process. */
typedef struct suture_component {
    size_t struct_size;
    const char *id;     /* as in the experiment file: "memit" */
    int32_t kind;       /* SUTURE_KIND_… */
    int32_t convention; /* SUTURE_CONVENTION_… */
    const char *version;
    const char *summary;      /* one line */
    uint64_t required_fields; /* SUTURE_FIELD_… that every case must have */
    int64_t parameter_count;
    const suture_parameter *SUTURE_NONNULL const *SUTURE_NULLABLE parameters;
    /* NATIVE only. `signature` describes `entry`: "e(pppp…)", one letter per argument (native.h makes it). */
    void (*SUTURE_NULLABLE entry)(void);
    const char *SUTURE_NULLABLE signature;
} suture_component;

/* A component with its arguments. Made by the plugin, opaque to the host. */
typedef struct suture_instance suture_instance;

/* The plugin's own table. Lives as long as the process. */
typedef struct suture_plugin {
    size_t struct_size;
    uint32_t abi_major;
    uint32_t abi_minor; /* of the headers that the plugin was built with */
    const char *id;     /* "suture.memit"; third parties use reverse domain names */
    const char *version;
    /* `host` lives as long as the process. A host that goes on after it is done with a plugin calls stop, once for each
     * start. A host whose process ends does not, since the end of the worker is the unload. [load-thread] */
    suture_result (*start)(const suture_host *host);
    void (*stop)(void);
    int64_t (*component_count)(void);
    /* NULL beyond the last. [any-thread] */
    const suture_component *SUTURE_NULLABLE (*component_at)(int64_t index);
    /* BOXED: makes an instance; `arguments` holds one checked value per declared parameter, in order. A plugin of native
     * components alone may leave create, destroy and call NULL. */
    suture_result (*SUTURE_NULLABLE create)(const char *component_id, int32_t kind, const suture_arguments *arguments,
                                            SUTURE_OUT(suture_instance) out);
    void (*SUTURE_NULLABLE destroy)(suture_instance *instance);
    /* BOXED: performs one operation of the instance's kind, and hands the results to `sink`. Each call runs on one thread of
     * the host's choice, and calls of one instance never overlap. An operation that the plugin does not know is
     * SUTURE_UNIMPLEMENTED. [call-thread] */
    suture_result (*SUTURE_NULLABLE call)(suture_instance *instance, suture_session *session, const suture_call *call,
                                          const suture_sink *sink);
    /* A further table of the plugin by its id; NULL for what it lacks. No id is in use yet. [any-thread] */
    const void *SUTURE_NULLABLE (*SUTURE_NULLABLE get_extension)(const char *id);
} suture_plugin;

/* The one exported symbol. Returns NULL when it cannot serve a host of that major. It must not do any work, because the
 * host also calls it only to look. [load-thread] */
SUTURE_EXTERN SUTURE_EXPORT const suture_plugin *SUTURE_NULLABLE suture_plugin_entry(uint32_t host_major,
                                                                                     uint32_t host_minor);

SUTURE_ASSUME_NONNULL_END

#endif
