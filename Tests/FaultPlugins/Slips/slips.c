/* SPDX-License-Identifier: Apache-2.0
 *
 * Slips that would do harm without a word: writes into what the host keeps, structs of size 0, junk for an error, results
 * that nobody asked for and whose refusal is dropped, lines and figures that are too much.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suture/suture.h"

/* The part of DLPack 1.x that is needed here. */
typedef struct {
    void *data;
    struct {
        int32_t type, id;
    } device;
    int32_t ndim;
    struct {
        uint8_t code, bits;
        uint16_t lanes;
    } dtype;
    int64_t *shape;
    int64_t *strides;
    uint64_t byte_offset;
} DLTensor;

struct DLManagedTensorVersioned {
    struct {
        uint32_t major, minor;
    } version;
    void *manager_ctx;
    void (*deleter)(struct DLManagedTensorVersioned *self);
    uint64_t flags;
    DLTensor dl_tensor;
};

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        suture_error *error_of_call = (call);                                                                          \
        if (error_of_call)                                                                                             \
            return error_of_call;                                                                                      \
    } while (0)

#define TABLES                                                                                                         \
    const suture_tensor_api *tensors = host->get_extension(host->context, SUTURE_TENSOR_ID);                           \
    const suture_model_api *models = host->get_extension(host->context, SUTURE_MODEL_ID);                              \
    const suture_session_api *sessions = host->get_extension(host->context, SUTURE_SESSION_ID);                        \
    const suture_function_api *functions = host->get_extension(host->context, SUTURE_FUNCTION_ID);                     \
    (void)tensors, (void)models, (void)sessions, (void)functions

/* The weight that every model of the tests has. */
static suture_error *weight(const suture_model_api *models, suture_model *model, suture_tensor **out)
{
    char name[256];
    int64_t needed;
    TRY(models->weight_name(model, SUTURE_SITE_NEURONS, 1, name, sizeof name, &needed));
    return models->parameter(model, name, out);
}

static suture_error *emit(const suture_sink *sink, const char *name, double value)
{
    suture_score score = {sizeof score, -1, name, value, 1};
    return sink->score(sink->context, &score);
}

static suture_error *descend(const suture_tensor_api *tensors, suture_tensor *leaf)
{
    suture_optimizer_options options = {sizeof options, 0.1, 0.9, 0.999, 1e-8, 0, 0};
    suture_optimizer *optimizer;
    TRY(tensors->optimizer_new(SUTURE_OPTIMIZER_SGD, &leaf, 1, &options, &optimizer));
    return tensors->optimizer_step(optimizer);
}

/* A closure of a pass that writes into what it is shown. */
static suture_error *writing(void *context, suture_tensor *value, suture_tensor **out)
{
    const suture_tensor_api *tensors = context;
    TRY(tensors->assign(value, value));
    tensors->retain(value);
    *out = value;
    return NULL;
}

static suture_error *pass(const suture_host *host, suture_model *model, void *closure, suture_tensor **captured,
                          suture_tensor **logits)
{
    TABLES;
    suture_tensor *ids, *row;
    TRY(models->encode(model, "Rome is in", 0, &ids, NULL));
    TRY(tensors->along(SUTURE_UNSQUEEZE, ids, 0, &row));
    suture_capture capture = {sizeof capture, SUTURE_SITE_RESIDUAL_OUT, 0, NULL};
    const suture_capture *captures[] = {&capture};
    suture_intervention change = {.struct_size = sizeof change,
                                  .site = SUTURE_SITE_RESIDUAL_OUT,
                                  .kind = SUTURE_INTERVENTION_CLOSURE,
                                  .closure_context = (void *)tensors,
                                  .closure = writing};
    const suture_intervention *changes[] = {&change};
    suture_forward request = {.struct_size = sizeof request,
                              .tokens = row,
                              .end_layer = -1,
                              .logits = SUTURE_LOGITS_ALL,
                              .capture_count = 1,
                              .captures = captures,
                              .intervention_count = closure ? 1 : 0,
                              .interventions = changes};
    suture_forward_result result = {sizeof result, NULL, NULL, captured};
    TRY(models->forward(model, &request, &result));
    *logits = result.logits;
    return NULL;
}

static void write_raw(struct DLManagedTensorVersioned *managed)
{
    memset((char *)managed->dl_tensor.data + managed->dl_tensor.byte_offset, 1, 4);
}

/* Writes into a tensor of the host. */
SUTURE_NATIVE_1(writer, suture_text, way)
{
    TABLES;
    suture_tensor *tensor = NULL, *other = NULL, *logits = NULL;
    suture_model *own = NULL;
    if (!strncmp(way, "capture", 7) || !strcmp(way, "logits") || !strcmp(way, "closure")) {
        TRY(pass(host, call->model, strcmp(way, "closure") ? NULL : (void *)sink, &tensor, &logits));
        return tensors->assign(strcmp(way, "logits") ? tensor : logits, strcmp(way, "logits") ? tensor : logits);
    }
    if (!strcmp(way, "moment")) {
        int32_t layer = 1;
        int64_t count;
        TRY(sessions->second_moments(session, SUTURE_SITE_NEURONS, &layer, 1, &tensor, &count));
        return tensors->assign(tensor, tensor);
    }
    if (!strcmp(way, "carried")) {
        suture_tensor_spec spec = {sizeof spec, SUTURE_DTYPE_F32, SUTURE_DEVICE_CPU, 0, 1, (int64_t[]){4}};
        TRY(tensors->full(&spec, 1, &other));
        TRY(sessions->carry(session, "key", other));
        /* Its own stays its own. */
        TRY(tensors->assign(other, other));
        TRY(sessions->carried(session, "key", &tensor));
        return tensors->assign(tensor, other);
    }
    TRY(weight(models, call->model, &tensor));
    if (!strcmp(way, "assign"))
        return tensors->assign(tensor, tensor);
    if (!strcmp(way, "view")) {
        TRY(tensors->slice(tensor, 0, 0, 1, 1, &other));
        return tensors->assign(other, other);
    }
    if (!strcmp(way, "transposed")) {
        TRY(tensors->transpose(tensor, 0, 1, &other));
        return tensors->assign(other, other);
    }
    if (!strcmp(way, "leaf")) {
        TRY(tensors->leaf(tensor, 1, &other));
        return descend(tensors, other);
    }
    if (!strcmp(way, "clone")) {
        TRY(tensors->unary(SUTURE_CLONE, tensor, &other));
        TRY(tensors->assign(other, tensor));
        TRY(tensors->leaf(other, 1, &logits));
        return descend(tensors, logits);
    }
    if (!strcmp(way, "overlay") || !strcmp(way, "overlay raw")) {
        suture_tensor_info info = {.struct_size = sizeof info};
        TRY(tensors->info(tensor, &info));
        suture_tensor_spec spec = {sizeof spec, info.dtype, SUTURE_DEVICE_CPU, 0, info.rank, info.shape};
        TRY(tensors->full(&spec, 1, &other));
        char name[256];
        int64_t needed;
        TRY(models->weight_name(call->model, SUTURE_SITE_NEURONS, 1, name, sizeof name, &needed));
        suture_delta delta = {
            .struct_size = sizeof delta, .parameter = name, .form = SUTURE_DELTA_DENSE, .values = other};
        const suture_delta *items[] = {&delta};
        suture_deltas deltas = {sizeof deltas, 1, items};
        TRY(models->apply(call->model, &deltas, &own));
        TRY(weight(models, own, &tensor));
        if (!strcmp(way, "overlay"))
            return tensors->assign(tensor, other);
    }
    struct DLManagedTensorVersioned *managed;
    TRY(tensors->to_dlpack(tensor, &managed));
    if (!strcmp(way, "flag"))
        return managed->flags & 1 ? NULL : host->error_new(host->context, SUTURE_INTERNAL, "no flag", NULL);
    if (!strcmp(way, "back")) {
        TRY(tensors->from_dlpack(managed, &other));
        return tensors->assign(other, tensor);
    }
    write_raw(managed);
    return NULL;
}

/* Returns what is no error. */
SUTURE_NATIVE_1(junk, suture_text, way)
{
    (void)session, (void)call, (void)sink;
    static const char text[64] = "not an error";
    if (!strcmp(way, "number"))
        return (suture_error *)(uintptr_t)0xDEAD;
    if (!strcmp(way, "text"))
        return (suture_error *)text;
    suture_error *error = host->error_new(host->context, SUTURE_INTERNAL, "once", NULL);
    host->error_release(host->context, error);
    if (!strcmp(way, "twice"))
        host->error_release(host->context, error);
    return error;
}

/* A text of so many bytes, all "ä". */
static char *long_text(int64_t bytes)
{
    char *text = malloc((size_t)bytes + 2);
    for (int64_t i = 0; i + 1 < bytes; i += 2)
        memcpy(text + i, "ä", 2);
    text[bytes & ~INT64_C(1)] = 0;
    return text;
}

/* Says too much: in the log, as an error, as a phase, or as a name. */
SUTURE_NATIVE_2(shouter, suture_text, way, int64_t, bytes)
{
    (void)call;
    TABLES;
    char *text = long_text(bytes);
    if (!strcmp(way, "log")) {
        host->log(host->context, SUTURE_LOG_WARNING, text);
        return NULL;
    }
    if (!strcmp(way, "phase"))
        return sessions->progress(session, text, 0, 1);
    if (!strcmp(way, "name"))
        return emit(sink, text, 1);
    return host->error_new(host->context, SUTURE_INTERNAL, text, text);
}

/* Hands out what nobody asked for, and drops what the host says to it. */
SUTURE_NATIVE_1(stranger, suture_text, way)
{
    (void)host, (void)session, (void)call;
    suture_score score = {sizeof score, 99, "score", 1, 1};
    suture_metric metric = {sizeof metric, "figure", 1, "", 1, NAN, 0, 0, ""};
    suture_location location = {sizeof location, 99, SUTURE_SITE_NEURONS, 1, -1, 0, 0, -1, 1, NULL};
    suture_delta delta = {.struct_size = sizeof delta, .parameter = "w", .form = SUTURE_DELTA_DENSE};
    if (!strcmp(way, "case"))
        sink->score(sink->context, &score);
    if (!strcmp(way, "metric"))
        sink->metric(sink->context, &metric);
    if (!strcmp(way, "delta"))
        sink->delta(sink->context, &delta);
    if (!strcmp(way, "location"))
        sink->location(sink->context, &location);
    if (!strcmp(way, "nameless")) {
        score.case_index = -1;
        score.name = "";
        sink->score(sink->context, &score);
    }
    if (!strcmp(way, "weight")) {
        score.case_index = -1;
        score.weight = INFINITY;
        sink->score(sink->context, &score);
    }
    return NULL;
}

/* Marks beyond the texts. */
SUTURE_NATIVE_1(marker, int64_t, text)
{
    (void)host, (void)session, (void)call;
    suture_mark mark = {sizeof mark, text, 0, 1000};
    sink->mark(sink->context, &mark);
    return NULL;
}

/* Scores that are not finite, of each case. */
SUTURE_NATIVE_0(odd)
{
    (void)host, (void)session;
    static const struct {
        const char *name;
        double value;
    } figures[] = {{"undefined", NAN}, {"huge", INFINITY}, {"tiny", -INFINITY}, {"sound", 0.5}};
    for (int64_t i = 0; call->cases && i < call->cases->count; ++i)
        for (size_t k = 0; k < sizeof figures / sizeof figures[0]; ++k) {
            suture_score score = {sizeof score, call->cases->items[i]->index, figures[k].name, figures[k].value, 1};
            TRY(sink->score(sink->context, &score));
        }
    return NULL;
}

/* The host's answer to a struct of a wrong size, as the name of a score. */
static suture_error *answer(const suture_host *host, const suture_sink *sink, suture_error *error)
{
    if (!error)
        return emit(sink, "taken", 1);
    char text[900];
    strncpy(text, host->error_message(host->context, error), sizeof text - 1);
    text[sizeof text - 1] = 0;
    host->error_release(host->context, error);
    return emit(sink, text, 0);
}

static void receive(void *context, const suture_scalar *result)
{
    (void)context, (void)result;
}

/* Hands over every struct that the host takes or fills, each with a size of `bytes`. */
SUTURE_NATIVE_1(sizes, int64_t, bytes)
{
    TABLES;
    size_t size = (size_t)bytes;
    suture_tensor *tensor, *out;
    suture_model *model;
    TRY(weight(models, call->model, &tensor));
#define ANSWER(call) TRY(answer(host, sink, (call)))
    suture_tensor_info info = {.struct_size = size};
    ANSWER(tensors->info(tensor, &info));
    suture_tensor_spec spec = {.struct_size = size};
    ANSWER(tensors->full(&spec, 0, &out));
    suture_optimizer_options options = {.struct_size = size};
    suture_optimizer *optimizer;
    suture_tensor *copy, *leaf;
    TRY(tensors->unary(SUTURE_CLONE, tensor, &copy));
    TRY(tensors->leaf(copy, 1, &leaf));
    ANSWER(tensors->optimizer_new(SUTURE_OPTIMIZER_SGD, &leaf, 1, &options, &optimizer));
    suture_model_info model_info = {.struct_size = size};
    ANSWER(models->info(call->model, &model_info));
    suture_projection projection = {.struct_size = size};
    ANSWER(models->projection(call->model, 0, &projection));
    suture_forward forward = {.struct_size = size};
    suture_forward_result result = {.struct_size = sizeof result};
    ANSWER(models->forward(call->model, &forward, &result));
    forward.struct_size = sizeof forward;
    result.struct_size = size;
    ANSWER(models->forward(call->model, &forward, &result));
    result.struct_size = sizeof result;
    suture_tensor *ids, *row;
    TRY(models->encode(call->model, "Rome", 0, &ids, NULL));
    TRY(tensors->along(SUTURE_UNSQUEEZE, ids, 0, &row));
    forward = (suture_forward){.struct_size = sizeof forward, .tokens = row, .end_layer = -1};
    suture_capture capture = {.struct_size = size};
    const suture_capture *captures[] = {&capture};
    forward.capture_count = 1;
    forward.captures = captures;
    ANSWER(models->forward(call->model, &forward, &result));
    forward.capture_count = 0;
    suture_intervention intervention = {.struct_size = size};
    const suture_intervention *interventions[] = {&intervention};
    forward.intervention_count = 1;
    forward.interventions = interventions;
    ANSWER(models->forward(call->model, &forward, &result));
    suture_generation generation = {.struct_size = size};
    ANSWER(models->generate(call->model, &generation, &out));
    suture_deltas deltas = {.struct_size = size};
    ANSWER(models->apply(call->model, &deltas, &model));
    suture_delta delta = {.struct_size = size};
    const suture_delta *items[] = {&delta};
    deltas = (suture_deltas){sizeof deltas, 1, items};
    ANSWER(models->apply(call->model, &deltas, &model));
    suture_named_tensor named = {.struct_size = size};
    const suture_named_tensor *names[] = {&named};
    delta = (suture_delta){.struct_size = sizeof delta,
                           .parameter = "",
                           .form = SUTURE_DELTA_EXTENSION,
                           .tensor_count = 1,
                           .tensors = names};
    ANSWER(models->apply(call->model, &deltas, &model));
    deltas.struct_size = size;
    ANSWER(sessions->report(session, "pass-1", &deltas));
    suture_call inner = {.struct_size = size};
    suture_sink own = {.struct_size = sizeof own};
    ANSWER(sessions->call(session, "slot", &inner, &own));
    inner = (suture_call){.struct_size = sizeof inner, .operation = SUTURE_OPERATION_PATCH};
    own.struct_size = size;
    ANSWER(sessions->call(session, "slot", &inner, &own));
    own.struct_size = sizeof own;
    suture_edit_case item = {.struct_size = size};
    const suture_edit_case *cases[] = {&item};
    suture_cases list = {sizeof list, 1, cases};
    inner.cases = &list;
    ANSWER(sessions->call(session, "slot", &inner, &own));
    list.struct_size = size;
    ANSWER(sessions->call(session, "slot", &inner, &own));
    suture_function *function;
    TRY(functions->bind("libc.so.6", "labs", "i64(i64)", &function));
    suture_scalar scalar = {.struct_size = size};
    const suture_scalar *arguments[] = {&scalar};
    ANSWER(functions->call(function, arguments, 1, NULL, receive));
    return NULL;
}

/* Hands NULL over where a struct must be. */
SUTURE_NATIVE_0(nothing)
{
    (void)session;
    TABLES;
    suture_tensor *tensor, *out;
    TRY(weight(models, call->model, &tensor));
    ANSWER(tensors->info(tensor, (suture_tensor_info *)0));
    ANSWER(tensors->full((const suture_tensor_spec *)0, 0, &out));
    ANSWER(models->generate(call->model, (const suture_generation *)0, &out));
    return NULL;
}

#define TEXT(identifier, name)                                                                                         \
    static const suture_parameter identifier = {sizeof(suture_parameter),                                              \
                                                name,                                                                  \
                                                SUTURE_TYPE_TEXT,                                                      \
                                                SUTURE_PARAMETER_REQUIRED,                                             \
                                                NULL,                                                                  \
                                                -INFINITY,                                                             \
                                                INFINITY,                                                              \
                                                0,                                                                     \
                                                NULL,                                                                  \
                                                "",                                                                    \
                                                "Which slip."}
#define NUMBER(identifier, name)                                                                                       \
    static const suture_parameter identifier = {                                                                       \
        sizeof(suture_parameter), name, SUTURE_TYPE_INTEGER, 0, "0", -INFINITY, INFINITY, 0, NULL, "", "How much."}
TEXT(way, "way");
NUMBER(number, "number");

static const suture_parameter *const ways[] = {&way, &number};
static const suture_parameter *const numbers[] = {&number};

#define COMPONENT(name, kind, count, parameters)                                                                       \
    {sizeof(suture_component),                                                                                         \
     #name,                                                                                                            \
     SUTURE_KIND_##kind,                                                                                               \
     SUTURE_CONVENTION_NATIVE,                                                                                         \
     "1.0.0",                                                                                                          \
     "Slips.",                                                                                                         \
     0,                                                                                                                \
     count,                                                                                                            \
     parameters,                                                                                                       \
     (void (*)(void))name,                                                                                             \
     name##_signature}

static const suture_component components[] = {
    COMPONENT(writer, PATCHER, 1, ways),      COMPONENT(junk, PATCHER, 1, ways),
    COMPONENT(shouter, EVALUATOR, 2, ways),   COMPONENT(stranger, EVALUATOR, 1, ways),
    COMPONENT(marker, ANNOTATOR, 1, numbers), COMPONENT(odd, EVALUATOR, 0, NULL),
    COMPONENT(sizes, EVALUATOR, 1, numbers),  COMPONENT(nothing, EVALUATOR, 0, NULL),
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

static const suture_plugin plugin = {.struct_size = sizeof plugin,
                                     .abi_major = SUTURE_ABI_MAJOR,
                                     .abi_minor = SUTURE_ABI_MINOR,
                                     .id = "fault.slips",
                                     .version = "1.0.0",
                                     .start = start,
                                     .stop = stop,
                                     .component_count = component_count,
                                     .component_at = component_at};

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t minor)
{
    (void)minor;
    return major == SUTURE_ABI_MAJOR ? &plugin : NULL;
}
