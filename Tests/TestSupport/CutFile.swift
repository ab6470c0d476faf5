// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel
import SutureRuntime

/// A process that people see, with a model file that is cut short under its hands.
package enum CutFile {
    /// Opens the model in a folder, cuts its file to a page, and reads every tensor.
    ///
    /// - Returns: does not return where the file is larger than a page.
    package static func read(folder: String) throws -> Int {
        CutFiles.report()
        let checkpoint = try Checkpoint(opening: URL(fileURLWithPath: folder))
        guard truncate("\(folder)/\(Checkpoint.fileName)", 4096) == 0 else { return -1 }
        var sum = 0
        for name in checkpoint.names { sum += try checkpoint.bytes(of: name).data.reduce(0) { $0 + Int($1) } }
        return sum
    }
}
