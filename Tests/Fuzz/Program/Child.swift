// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzReaders

/// The process that reads. It ends with ``badSentence`` or ``tooMuchMemory`` where an input shows such a fault, and by itself
/// after some inputs, so that what one input leaves behind does not add up.
struct Child {
    static let badSentence: Int32 = 10
    static let tooMuchMemory: Int32 = 11
    private static let mostInputs = 20_000
    private static let mostSeconds = 60.0
    private static let largestPool = 4000
    /// Larger inputs are read and then forgotten. What is kept takes memory that counts as the reader's.
    private static let largestKept = 1 << 13

    private let reader: FuzzReader
    private let work: URL
    private let options: Options
    private let page: SharedPage

    init(_ reader: FuzzReader, work: URL, _ options: Options) throws {
        self.reader = reader
        self.work = work
        self.options = options
        page = try SharedPage(Self.page(in: work), capacity: reader.largest)
    }

    static func page(in work: URL) -> String { work.appending(path: "page").path }
    /// The slowest input, where that is noticeable.
    static func slowest(in work: URL) -> URL { work.appending(path: "slowest") }
    static func fault(in work: URL) -> URL { work.appending(path: "fault") }

    func run() throws {
        let read = try reader.prepare(FuzzFolder(work.appending(path: "files-\(getpid())")))
        var mutator = Mutator(reader, seed: options.seed)
        let seeds = try reader.allSeeds().filter { $0.count <= reader.largest }
        var found = try Found(work.appending(path: "pool"))
        var pool = seeds + found.inputs
        page.memoryAtStart = Self.mostMemory
        let clock = ContinuousClock()
        let end = clock.now + .seconds(min(options.seconds, Self.mostSeconds))
        for number in 0..<Self.mostInputs where clock.now < end {
            let input = number < seeds.count ? seeds[number] : mutator.input(from: pool)
            page.begin(input)
            let start = clock.now
            let (fault, outcome) = FuzzReader.judge(input, read)
            let seconds = (clock.now - start) / .seconds(1)
            if seconds > 0.5, Int(seconds * 1e9) > page.slowest {
                try Data(input).write(to: Self.slowest(in: work))
            }
            page.end(nanoseconds: Int(seconds * 1e9))
            if let fault {
                try Data(fault.utf8).write(to: Self.fault(in: work))
                exit(Self.badSentence)
            }
            if Self.mostMemory - page.memoryAtStart > options.memory { exit(Self.tooMuchMemory) }
            // What reads in another way than everything before it is a place to look further.
            if input.count <= Self.largestKept, pool.count < Self.largestPool, try found.keep(input, outcome) {
                pool.append(input)
            }
        }
        exit(0)
    }

    /// The most memory that this process has had, in bytes.
    private static var mostMemory: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }
}

/// Inputs that showed something new, kept for the next child.
private struct Found {
    private let folder: URL
    private var outcomes: Set<String> = []
    private(set) var inputs: [[UInt8]] = []

    init(_ folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
            let data = try Data(contentsOf: folder.appending(path: name))
            guard let end = data.firstIndex(of: 0) else { continue }
            outcomes.insert(String(decoding: data[..<end], as: UTF8.self))
            inputs.append([UInt8](data[(end + 1)...]))
        }
    }

    /// - Returns: whether the outcome is a new one.
    mutating func keep(_ input: [UInt8], _ outcome: String) throws -> Bool {
        guard outcomes.insert(outcome).inserted else { return false }
        let name = String(format: "%06d-%d", outcomes.count, getpid())
        try (Data(outcome.utf8.filter { $0 != 0 }) + [0] + Data(input)).write(to: folder.appending(path: name))
        return true
    }
}
