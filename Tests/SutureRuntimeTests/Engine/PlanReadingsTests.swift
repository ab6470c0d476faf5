// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("What planning reads of a model folder")
struct PlanReadingsTests {
    @Test("a folder is read once, and what is wrong with it is not kept")
    func once() throws {
        let scratch = try ScratchFolder()
        let folder = scratch.url.appending(path: "model")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let model = Experiment.Model(source: folder.path, dtype: .float32, device: .cpu, threads: 1)
        let readings = PlanReadings()
        #expect(throws: RuntimeError.self) { try readings.inspection(of: model) }

        try TinyModel.write(to: folder)
        let inspection = try readings.inspection(of: model)
        try FileManager.default.removeItem(at: folder)
        #expect(try readings.inspection(of: model).layers == inspection.layers)
        #expect(throws: RuntimeError.self) { try PlanReadings().inspection(of: model) }
    }
}
