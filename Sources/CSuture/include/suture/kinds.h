/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI: the table of kinds. What a component of a kind is asked to do, what it may read and what it may hand
 * out is data: host and SutureKit take their tables from the comments below (Scripts/abi.py). A new kind is a row here, a
 * protocol in SutureKit, and its documentation.
 */
#ifndef SUTURE_KINDS_H
#define SUTURE_KINDS_H

/* kinds */
#define SUTURE_KIND_LOCATOR 1   /* a locator: says where a behaviour lives */
#define SUTURE_KIND_PATCHER 2   /* a patcher: says what has to change; never writes a weight */
#define SUTURE_KIND_EVALUATOR 3 /* an evaluator: measures a model */
#define SUTURE_KIND_ANNOTATOR 4 /* an annotator: says which parts of texts are unwanted */
#define SUTURE_KIND_JUDGE 5     /* a judge: says how good texts are */
#define SUTURE_KIND_ESTIMATOR 6 /* an estimator: says which training examples made a model say something */

/* operations: kind, what a call of it reads -> what it may hand out. The first operation of a kind is the one that a native
 * component performs. */
#define SUTURE_OPERATION_LOCATE 1    /* locator: cases -> locations */
#define SUTURE_OPERATION_PATCH 2     /* patcher: cases, locations -> deltas, scores */
#define SUTURE_OPERATION_EVALUATE 3  /* evaluator: cases -> scores */
#define SUTURE_OPERATION_SUMMARIZE 4 /* evaluator: scores -> metrics */
#define SUTURE_OPERATION_ANNOTATE 5  /* annotator: texts -> marks */
#define SUTURE_OPERATION_JUDGE 6     /* judge: texts -> scores */
#define SUTURE_OPERATION_TRACE 7     /* estimator: texts, examples -> tensors */
#define SUTURE_OPERATION_FIT 8       /* estimator: examples -> tensors */

#endif
