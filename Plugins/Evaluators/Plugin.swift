// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What the library offers.
package let plugin = PluginExport(
    id: "suture.evaluators", version: "1.5.0",
    components: [
        CounterFact.self, ZsRE.self, Perplexity.self, Drift.self, GenerationMatch.self, ExactMatch.self,
        BLEUEvaluator.self, ROUGEEvaluator.self, Similarity.self, Negatives.self, Fluency.self, Consistency.self,
        JudgedText.self, PhraseJudge.self, Composition.self, Unchanged.self, Probes.self, Negation.self,
        EditExtent.self, SideEffects.self, Overfitting.self, Unwanted.self, Diversity.self,
    ])
