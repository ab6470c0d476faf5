// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// What a model folder with patches in force says of itself: `suture_patch/stack.json`.
package struct StackRecord: Sendable, Hashable, Codable {
    /// The only version of the format so far.
    package static let schema = 1
    package static let fileName = "stack.json"

    /// The model without any patch.
    package struct Base: Sendable, Hashable, Codable {
        /// SHA-256 of its files of weights, by name.
        package var weights: [String: String]
        /// SHA-256 of tokenizer.json; nil where the folder has none.
        package var tokenizer: String?
    }

    /// A patch in force.
    package struct Member: Sendable, Hashable, Codable {
        /// How commands call it; its folder in `suture_patch/members`.
        package var name: String
        /// ``PatchManifest/identity``
        package var digest: String
        /// Nil for a patch that no run made.
        package var runID: String?
        /// In ISO 8601, UTC.
        package var appliedAt: String

        enum CodingKeys: String, CodingKey {
            case name
            case digest = "sha256"
            case runID = "run_id"
            case appliedAt = "applied_at"
        }

        /// For a patch that was made on this one.
        package var reference: PatchReference { PatchReference(name: name, digest: digest) }
    }

    package var schema = Self.schema
    package var base: Base
    /// In the order in which their changes are added.
    package var members: [Member]
    /// What became of each parameter.
    package var parameters: [AppliedChange]
    /// SHA-256 of this folder's files of weights, by name.
    package var weights: [String: String]
    /// The checksum of the last line of the log.
    package var logDigest: String
    /// ``SelfDigest``
    private(set) var digest: String?

    enum CodingKeys: String, CodingKey {
        case schema, base, members, parameters, weights
        case logDigest = "log_sha256"
        case digest = "sha256"
    }

    init(
        base: Base, members: [Member], parameters: [AppliedChange], weights: [String: String], logDigest: String
    ) throws(RuntimeError) {
        self.base = base
        self.members = members
        self.parameters = parameters
        self.weights = weights
        self.logDigest = logDigest
        digest = try SelfDigest.of(self)
    }

    /// Reads the record of a model folder; nil where no patch is in force.
    ///
    /// - Throws: `file` for a record that is damaged or of another version.
    package static func read(of model: URL) throws(RuntimeError) -> StackRecord? {
        let path = PatchPlaces(model).record.path
        guard let data = try RuntimeError.wrapping(.file, { try SmallFile.contents(atPath: path) }) else { return nil }
        func isDamaged(_ why: String) -> RuntimeError {
            RuntimeError(.file, "'\(path)' is damaged: \(why)", hint: "take the original model instead")
        }
        do {
            let json = try JSONValue(data, name: "it")
            guard json["schema"]?.integer == schema else {
                throw RuntimeError(
                    .file,
                    "'\(path)' has schema \(json["schema"]?.phrase ?? "nothing"), and this version reads schema \(schema)",
                    hint: "use the version of suture that wrote it")
            }
            let record = try JSON.decode(Self.self, from: data, name: "it")
            guard record.digest == SelfDigest.of(json) else { throw isDamaged("its checksum differs") }
            guard !record.members.isEmpty, record.members.allSatisfy({ PatchName.isValid($0.name) }) else {
                throw isDamaged("it names no patches")
            }
            return record
        } catch let error as RuntimeError {
            throw error
        } catch {
            throw isDamaged(RuntimeError(error).message)
        }
    }
}

extension StackRecord {
    /// A line for each patch in force, for people.
    package var table: TextTable {
        TextTable(
            header: ["", "patch", "applied", "run"],
            rows: members.enumerated().map { [String($0 + 1), $1.name, $1.appliedAt, $1.runID ?? "–"] }, numeric: [0])
    }
}

/// A patch, as records and other patches name it.
package struct PatchReference: Sendable, Hashable, Codable {
    package var name: String
    /// ``PatchManifest/identity``
    package var digest: String

    enum CodingKeys: String, CodingKey {
        case name
        case digest = "sha256"
    }
}

/// Where a model folder keeps what Suture knows of its patches.
package struct PatchPlaces {
    static let folderName = "suture_patch"

    package let folder: URL

    package init(_ model: URL) { folder = model.appendingPathComponent(Self.folderName, isDirectory: true) }

    package var record: URL { folder.appendingPathComponent(StackRecord.fileName) }
    /// The tensors of the base that patches have changed.
    var originals: URL { folder.appendingPathComponent("original.safetensors") }
    package var log: URL { folder.appendingPathComponent(PatchLog.fileName) }
    /// The patches, each in a folder of its name.
    var members: URL { folder.appendingPathComponent("members", isDirectory: true) }
    func member(_ name: String) -> URL { members.appendingPathComponent(name, isDirectory: true) }
}

/// The names that patches of a stack can have: those of files that are the same on every system and in every shell.
package enum PatchName {
    package static let rule = "letters, digits, '.', '_' and '-', at most 100, not beginning with '.' or '-'"

    package static func isValid(_ name: String) -> Bool {
        guard (1...100).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix("-") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    /// What a patch is called where its user gives it no name: as the run that made it, and where the run made several, with the
    /// number of its own.
    static func proposed(for patch: URL, _ manifest: PatchManifest) -> String {
        let number = patch.standardizedFileURL.lastPathComponent
        // A patch that no run made is called as its folder.
        let run = manifest.origin?.runID ?? number
        let name = Int(number) == nil || run == number ? run : "\(run)-\(number)"
        return isValid(name) ? name : "patch-\(manifest.identity.prefix(8))"
    }
}
