/* SPDX-License-Identifier: Apache-2.0
 *
 * The smallest host that can call an evaluator of a plugin. Compiled by the tests against the headers of a later minor, so
 * that every struct and every table that the plugin sees is longer than it knows.
 *
 *     host LIBRARY      prints the plugin's minor and ours, and the scores of a call with two cases
 */
/* strdup */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suture/suture.h"

struct suture_error {
    char *message;
};

static suture_error *error_new(void *context, suture_code code, const char *message, const char *hint)
{
    (void)context, (void)code, (void)hint;
    suture_error *error = malloc(sizeof *error);
    if (!error || !(error->message = strdup(message)))
        abort();
    return error;
}
static suture_code error_code(void *context, const suture_error *error)
{
    (void)context, (void)error;
    return SUTURE_UNKNOWN;
}
static const char *error_message(void *context, const suture_error *error)
{
    (void)context;
    return error->message;
}
static const char *error_hint(void *context, const suture_error *error)
{
    (void)context, (void)error;
    return "";
}
static void error_release(void *context, suture_error *error)
{
    (void)context;
    free(error->message);
    free(error);
}
static void write_log(void *context, int32_t level, const char *message)
{
    (void)context, (void)level, (void)message;
}

/* A plugin that computes nothing needs the tables to be there, and calls none of their functions. */
static const void *get_extension(void *context, const char *id)
{
    (void)context;
    static suture_tensor_api tensor = {.struct_size = sizeof tensor};
    static suture_session_api session = {.struct_size = sizeof session};
    if (!strcmp(id, SUTURE_TENSOR_ID))
        return &tensor;
    return strcmp(id, SUTURE_SESSION_ID) ? NULL : &session;
}

static suture_result receive(void *context, const suture_score *score)
{
    (void)context;
    printf("%s %g\n", score->name, score->value);
    return NULL;
}

static void check(suture_result error)
{
    if (!error)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

int main(int count, char **arguments)
{
    void *library = count == 2 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    const suture_plugin *(*entry)(uint32_t, uint32_t) = NULL;
    if (library)
        *(void **)&entry = dlsym(library, "suture_plugin_entry");
    if (!entry) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    const suture_host host = {.struct_size = sizeof host,
                              .abi_major = SUTURE_ABI_MAJOR,
                              .abi_minor = SUTURE_ABI_MINOR,
                              .error_new = error_new,
                              .error_code = error_code,
                              .error_message = error_message,
                              .error_hint = error_hint,
                              .error_release = error_release,
                              .log = write_log,
                              .get_extension = get_extension};
    const suture_plugin *plugin = entry(SUTURE_ABI_MAJOR, SUTURE_ABI_MINOR);
    if (!plugin || plugin->component_count() != 1)
        return 3;
    printf("plugin %u, host %u\n", (unsigned)plugin->abi_minor, (unsigned)SUTURE_ABI_MINOR);
    check(plugin->start(&host));

    const suture_component *component = plugin->component_at(0);
    suture_argument factor = {
        .struct_size = sizeof factor, .name = "factor", .type = SUTURE_TYPE_NUMBER, .is_present = 1, .number = 3};
    const suture_argument *const items[] = {&factor};
    suture_arguments given = {.struct_size = sizeof given, .count = 1, .items = items};
    suture_instance *instance = NULL;
    check(plugin->create(component->id, component->kind, &given, &instance));

    suture_edit_case first = {.struct_size = sizeof first, .index = 0, .id = "a", .subject = "Rome"};
    suture_edit_case second = {.struct_size = sizeof second, .index = 1, .id = "b"};
    const suture_edit_case *const list[] = {&first, &second};
    suture_cases cases = {.struct_size = sizeof cases, .count = 2, .items = list};
    suture_call call = {.struct_size = sizeof call, .operation = SUTURE_OPERATION_EVALUATE, .cases = &cases};
    suture_sink sink = {.struct_size = sizeof sink, .score = receive};
    int session = 0;
    check(plugin->call(instance, (suture_session *)&session, &call, &sink));
    plugin->destroy(instance);
    return 0;
}
