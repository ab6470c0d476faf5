/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "suture/suture.h"

static suture_error *emit(const suture_sink *sink, const char *name, double value)
{
    suture_score score = {sizeof score, -1, name, value, 1};
    return sink->score(sink->context, &score);
}

/* Hands back each argument, and what it was called with. */
SUTURE_NATIVE_4(echo, double, number, int64_t, integer, int32_t, boolean, suture_text, text)
{
    (void)host;
    (void)session;
    suture_error *error = emit(sink, "number", number);
    if (!error)
        error = emit(sink, "integer", (double)integer);
    if (!error)
        error = emit(sink, "boolean", boolean);
    if (!error)
        error = emit(sink, text ? text : "no text", 1);
    if (!error)
        error = emit(sink, "cases", (double)call->cases->count);
    if (!error)
        error = emit(sink, "other lists", (call->locations != NULL) + (call->scores != NULL) + (call->texts != NULL));
    return error;
}

/* Two scores per case, whose means the host computes. */
SUTURE_NATIVE_0(lengths)
{
    (void)host;
    (void)session;
    for (int64_t i = 0; i < call->cases->count; ++i) {
        double index = (double)call->cases->items[i]->index;
        suture_score score = {sizeof score, call->cases->items[i]->index, "index", index, 1};
        suture_error *error = sink->score(sink->context, &score);
        if (error)
            return error;
    }
    return emit(sink, "done", 1);
}

SUTURE_NATIVE_1(refuse, suture_text, reason)
{
    (void)session;
    (void)call;
    (void)sink;
    return host->error_new(host->context, SUTURE_FAILED_PRECONDITION, reason, "choose another");
}

/* Marks so many bytes at the start of each text. */
SUTURE_NATIVE_1(head, int64_t, bytes)
{
    (void)host;
    (void)session;
    for (int64_t i = 0; i < call->texts->count; ++i) {
        suture_mark mark = {sizeof mark, i, 0, bytes};
        suture_error *error = sink->mark(sink->context, &mark);
        if (error)
            return error;
    }
    return NULL;
}

/* Hands out a figure, which a patcher may not. */
SUTURE_NATIVE_0(mislabel)
{
    (void)host;
    (void)session;
    (void)call;
    suture_metric metric = {sizeof metric, "figure", 1, "", 1, NAN, 0, 0, ""};
    return sink->metric(sink->context, &metric);
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
    {sizeof(suture_component), "mislabel", SUTURE_KIND_PATCHER, SUTURE_CONVENTION_NATIVE, "1.0.0",
     "Hands out what a patcher may not.", 0, 0, NULL, (void (*)(void))mislabel, mislabel_signature},
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

/* Native components need no create, destroy and call. */
static const suture_plugin plugin = {.struct_size = sizeof plugin,
                                     .abi_major = SUTURE_ABI_MAJOR,
                                     .abi_minor = SUTURE_ABI_MINOR,
                                     .id = "fault.native",
                                     .version = "1.2.3",
                                     .start = start,
                                     .stop = stop,
                                     .component_count = component_count,
                                     .component_at = component_at};

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t minor)
{
    (void)minor;
    return major == SUTURE_ABI_MAJOR ? &plugin : NULL;
}
