// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What the library offers.
package let plugin = PluginExport(
    id: "suture.annotators", version: "1.1.0",
    components: [WordList.self, CorpusFrequency.self, Pattern.self, NativeFunction.self, MarksFile.self])
