/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "suture/suture.h"

static const suture_session_api *sessions(const suture_host *host)
{
    return host->get_extension(host->context, SUTURE_SESSION_ID);
}

static suture_error *emit(const suture_host *host, suture_session *session, const char *name, double value)
{
    suture_score score = {sizeof score, -1, name, value, 1};
    return sessions(host)->emit_score(session, &score);
}

/* Hands back each argument, and what it was called with. */
SUTURE_NATIVE_4(echo, double, number, int64_t, integer, int32_t, boolean, suture_text, text)
{
    suture_error *error = emit(host, session, "number", number);
    if (!error)
        error = emit(host, session, "integer", (double)integer);
    if (!error)
        error = emit(host, session, "boolean", boolean);
    if (!error)
        error = emit(host, session, text ? text : "no text", 1);
    if (!error)
        error = emit(host, session, "cases", (double)cases->count);
    if (!error)
        error = emit(host, session, "locations", (double)locations->count);
    return error;
}

/* Two scores per case, whose means the host computes. */
SUTURE_NATIVE_0(lengths)
{
    (void)locations;
    for (int64_t i = 0; i < cases->count; ++i) {
        suture_score score = {sizeof score, cases->items[i]->index, "index", (double)cases->items[i]->index, 1};
        suture_error *error = sessions(host)->emit_score(session, &score);
        if (error)
            return error;
    }
    return emit(host, session, "done", 1);
}

SUTURE_NATIVE_1(refuse, suture_text, reason)
{
    (void)session;
    (void)cases;
    (void)locations;
    return host->error_new(host->context, SUTURE_FAILED_PRECONDITION, reason, "choose another");
}

/* Marks so many bytes at the start of each text. */
SUTURE_NATIVE_ANNOTATOR_1(head, int64_t, bytes)
{
    (void)reserved;
    for (int64_t i = 0; i < texts->count; ++i) {
        suture_mark mark = {sizeof mark, i, 0, bytes};
        suture_error *error = sessions(host)->emit_mark(session, &mark);
        if (error)
            return error;
    }
    return NULL;
}

#define NONE -INFINITY, INFINITY, 0, NULL

static const suture_parameter number = {
    sizeof(suture_parameter), "number", SUTURE_TYPE_NUMBER, 0, "0.5", -INFINITY, 1e9, 0, NULL, "", "A number."};
static const suture_parameter integer = {sizeof(suture_parameter), "integer", SUTURE_TYPE_INTEGER, 0, "3", NONE, "",
                                         "A whole number."};
static const suture_parameter boolean = {
    sizeof(suture_parameter), "boolean", SUTURE_TYPE_BOOLEAN, 0, "true", NONE, "", "Yes or no."};
static const suture_parameter text = {
    sizeof(suture_parameter), "text", SUTURE_TYPE_TEXT, SUTURE_PARAMETER_OPTIONAL, NULL, NONE, "", "A text."};
static const suture_parameter reason = {
    sizeof(suture_parameter), "reason", SUTURE_TYPE_TEXT, SUTURE_PARAMETER_REQUIRED, NULL, NONE, "", "Why."};

static const suture_parameter *const echo_parameters[] = {&number, &integer, &boolean, &text};
static const suture_parameter *const refuse_parameters[] = {&reason};
static const suture_parameter *const head_parameters[] = {&integer};

static const suture_component components[] = {
    {sizeof(suture_component), "echo", SUTURE_KIND_EVALUATOR, SUTURE_CONVENTION_NATIVE, "1.0.0",
     "Hands back its arguments.", SUTURE_FIELD_PROMPT | SUTURE_FIELD_SUBJECT, 4, echo_parameters, (void (*)(void))echo,
     echo_signature},
    {sizeof(suture_component), "lengths", SUTURE_KIND_EVALUATOR, SUTURE_CONVENTION_NATIVE, "1.0.0",
     "Scores the index of each case.", 0, 0, NULL, (void (*)(void))lengths, lengths_signature},
    {sizeof(suture_component), "refuse", SUTURE_KIND_PATCHER, SUTURE_CONVENTION_NATIVE, "1.0.0", "Returns an error.", 0,
     1, refuse_parameters, (void (*)(void))refuse, refuse_signature},
    {sizeof(suture_component), "head", SUTURE_KIND_ANNOTATOR, SUTURE_CONVENTION_NATIVE, "1.0.0",
     "Marks the start of each text.", 0, 1, head_parameters, (void (*)(void))head, head_signature},
};

static suture_error *start(const suture_host *host)
{
    (void)host;
    return NULL;
}
static void stop(void) {}
static int64_t component_count(void)
{
    return sizeof components / sizeof components[0];
}
static const suture_component *component_at(int64_t index)
{
    return index < component_count() ? &components[index] : NULL;
}

/* Native components need no create, destroy and get_extension: the table ends before them. */
static const struct {
    size_t struct_size;
    uint32_t abi_major;
    uint32_t abi_minor;
    const char *id;
    const char *version;
    suture_error *(*start)(const suture_host *);
    void (*stop)(void);
    int64_t (*component_count)(void);
    const suture_component *(*component_at)(int64_t);
} plugin = {sizeof plugin, SUTURE_ABI_MAJOR, SUTURE_ABI_MINOR, "fault.native", "1.2.3", start,
            stop,          component_count,  component_at};

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t minor)
{
    (void)minor;
    return major == SUTURE_ABI_MAJOR ? (const suture_plugin *)&plugin : NULL;
}
