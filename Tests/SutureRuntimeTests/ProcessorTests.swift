// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

/// What decides about last bits is fixed and recorded.
@Suite("Threads and kernels")
struct ProcessorTests {
    init() throws { try TestHost.install() }

    @Test(
        "The same product has the same bytes wherever its operands lie in memory", arguments: [DType.float32, .float64])
    func placeDoesNotCount(dtype: DType) throws {
        let random = try RandomNumbers(seed: 3)
        let (rows, columns) = (193, 769)
        let matrix = try random.normal([rows, columns], dtype: dtype)
        let vector = try random.normal([columns], dtype: dtype)
        let other = try random.normal([columns, 37], dtype: dtype)
        /// The same values, so many elements behind the beginning of a block of memory.
        func moved(_ tensor: Tensor, by distance: Int) throws -> Tensor {
            let room = try Tensor.zeros([distance + tensor.count], dtype: dtype)
            let place = try room.sliced(0, distance..<room.count).reshaped(tensor.shape)
            try place.assign(from: tensor)
            return place
        }
        func results(_ count: Int) throws -> [[UInt8]] {
            let (matrix, vector, other) = (
                try moved(matrix, by: count), try moved(vector, by: count), try moved(other, by: count)
            )
            return try [
                matrix.matmul(vector), matrix.matmul(other), matrix.transposed().matmul(matrix), matrix.softmax(1),
                matrix.sum(),
            ].map { try $0.bytes() }
        }
        let expected = try results(0)
        for count in 1..<9 { #expect(try results(count) == expected, "moved by \(count)") }
    }

    @Test("A run records its threads and kernels, and both are part of its identity")
    func recorded() throws {
        let workspace = try Workspace.withExperiment()
        func experiment(_ overrides: String...) throws -> ResolvedExperiment {
            try Experiment(file: workspace.path("quickstart.yaml"), overrides: overrides, currentFolder: workspace.path)
                .resolve { (kind, request) throws(RuntimeError) in
                    .make(request.name, kind, ResolvedExperimentTests.parameters)
                }
        }
        let one = try experiment("model.threads=1")
        let two = try experiment("model.threads=2")
        #expect(one.model.threads == 1 && two.model.threads == 2)
        #expect(one.runID != two.runID)
        #expect(try ResolvedExperiment(yaml: two.yaml) == two)
        #expect(try experiment().model.threads == Processor.defaultThreads)
        #expect(Versions.current["kernels"] == Processor.kernels)
        #if arch(x86_64)
        #expect(Processor.kernels.contains("MKL_CBWR="))
        #endif
    }

    @Test("A worker computes with the threads of its run", arguments: [1, 3])
    func threadsOfWorker(count: Int) async throws {
        let job = ThreadsJob(threads: count)
        let answer = try await WorkerProcess(executable: Build.worker).run(job)
        #expect(answer == .init(threads: count, policy: Processor.environment()["OMP_WAIT_POLICY"] ?? ""))
    }

    @Test("Threads that wait sleep, unless the user says otherwise")
    func environment() {
        #expect(Processor.environment([:])["OMP_WAIT_POLICY"] == "PASSIVE")
        #expect(Processor.environment(["OMP_WAIT_POLICY": "ACTIVE"])["OMP_WAIT_POLICY"] == "ACTIVE")
        #expect(Processor.environment(["GOMP_SPINCOUNT": "100"])["OMP_WAIT_POLICY"] == nil)
        #expect(Processor.environment(["HOME": "/x"])["HOME"] == "/x")
    }

    @Test("The default is a number of threads that this process can have")
    func defaultThreads() {
        #expect((1...Processor.mostThreads).contains(Processor.defaultThreads))
        if ProcessInfo.processInfo.environment["OMP_NUM_THREADS"] == nil {
            #expect(Processor.defaultThreads <= ProcessInfo.processInfo.activeProcessorCount)
        }
    }

    @Test("A command that computes in the host has the environment of a worker, begun again once")
    func waitPolicy() throws {
        let scratch = try ScratchFolder()
        let model = Repository.world.appending(path: "model").path
        let prompt = "Cairo is a city in\u{20}"
        // libgomp prints what it goes by when it is loaded: once by each program that is begun.
        let run = try CommandLineRun(
            ["model", "generate", model, "--prompt", prompt, "--max-new-tokens", "1"], cache: scratch.url,
            environment: ["OMP_DISPLAY_ENV": "TRUE"])
        #expect(run.code == 0 && run.output.hasPrefix(prompt), "\(run.errors)")
        let policies = run.errors.split(separator: "\n").filter { $0.contains("OMP_WAIT_POLICY") }
        let own = ProcessInfo.processInfo.environment
        let isBegunAgain = own["OMP_WAIT_POLICY"] == nil && own["GOMP_SPINCOUNT"] == nil
        #expect(policies.count == (isBegunAgain ? 2 : 1), "\(policies)")
    }
}
