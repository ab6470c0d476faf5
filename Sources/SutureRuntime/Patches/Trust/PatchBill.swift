// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The bill of materials of an edited model: its base, its patches, and the digests of its files. The same folder gives the same bytes.
package enum PatchBill {
    /// Files beside the weights that decide about what a model computes.
    private static let otherFiles = [
        "chat_template.jinja", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
    ]

    /// - Parameters:
    ///   - folder: of a model with patches in force.
    ///   - baseModel: the base model's name on the Hugging Face hub; nil: as a card of `patch export` says.
    ///   - revision: of that model.
    /// - Returns: a JSON text. The serial number is made of its content, and the time is that of the last line of the log.
    /// - Throws: `file` for a folder without patches, or one that is not what it says.
    package static func text(
        of folder: URL, baseModel: String? = nil, revision: String? = nil
    ) throws(RuntimeError) -> String {
        let model = try StackedModel(opening: folder)
        guard let record = model.record else { throw PatchApplication.hasNone(folder) }
        let log = try PatchLog(of: folder)
        guard log.digest == record.logDigest else { throw PatchLog.isCut(folder) }
        try model.checkWeights()
        let stack = try model.stack()
        let members = try stack.members.map { (member) throws(RuntimeError) in
            try Member(member, PatchRecords(member.place, member.patch.manifest), in: folder)
        }
        var bill = CycloneDX(
            metadata: CycloneDX.Metadata(
                timestamp: log.entries.last?.time,
                tools: CycloneDX.Tools(components: [
                    CycloneDX.Component(type: .application, name: "suture", version: Versions.suture)
                ]),
                component: try component(folder, record, members, baseModel, revision)))
        return try RuntimeError.wrapping {
            bill.serialNumber = serial(try JSON.encode(bill))
            return String(decoding: try JSON.encode(bill, layout: .page), as: UTF8.self) + "\n"
        }
    }

    /// A UUID of version 8 (RFC 9562), whose bits are those of a digest.
    private static func serial(_ content: Data) -> String {
        var digits = Array(Digest.of(content).prefix(32))
        digits[12] = "8"
        digits[16] = "8"
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
        return "urn:uuid:" + parts.joined(separator: "-")
    }

    private static func component(
        _ folder: URL, _ record: StackRecord, _ members: [Member], _ baseModel: String?, _ revision: String?
    ) throws(RuntimeError) -> CycloneDX.Component {
        let card = CardMatter(ofCard: folder.appending(path: ModelCard.fileName))
        // The card of a base model names the model that it was itself made of.
        let named = baseModel ?? (ModelCard.isCard(folder) ? card.baseModel : nil)
        let configuration = try? JSONValue(
            Data(contentsOf: folder.appending(path: "config.json")), name: "config.json")
        var files = record.weights
        for name in otherFiles {
            let path = folder.appending(path: name).path
            if FileManager.default.fileExists(atPath: path) { files[name] = try Digest.ofFile(path) }
        }
        let base = CycloneDX.Component(
            type: .model, reference: "base", name: named ?? members[0].modelName, version: revision,
            purl: named.map { "pkg:huggingface/\($0)" + (revision.map { "@\($0)" } ?? "") },
            components: components(record.base.weights, "base"),
            properties: record.base.tokenizer.map { [CycloneDX.Property(name: "suture:tokenizer:sha256", value: $0)] })
        let metrics = members.flatMap(\.metrics)
        return CycloneDX.Component(
            type: .model, reference: "model", name: folder.standardizedFileURL.lastPathComponent,
            licenses: card.license.map { [CycloneDX.License(license: .init(name: $0))] },
            pedigree: CycloneDX.Pedigree(
                ancestors: [base], patches: members.map(\.patch),
                notes:
                    "The weights are those of the base plus the changes of the patches, added in float64 in this order and "
                    + "rounded once. `suture patch verify` checks it."),
            components: components(files, "model") + members.map(\.component),
            modelCard: CycloneDX.ModelCard(
                modelParameters: .init(modelArchitecture: configuration?["model_type"]?.text),
                quantitativeAnalysis: metrics.isEmpty ? nil : .init(performanceMetrics: metrics)),
            properties: [
                CycloneDX.Property(name: "suture:log:sha256", value: record.logDigest),
                CycloneDX.Property(name: "suture:patches", value: String(members.count)),
            ])
    }

    private static func components(_ files: [String: String], _ owner: String) -> [CycloneDX.Component] {
        files.sorted { $0.key < $1.key }.map { name, digest in
            CycloneDX.Component(
                type: .file, reference: "\(owner)/\(name)", name: name, hashes: [CycloneDX.Hash(content: digest)])
        }
    }

    /// What a patch adds to the bill.
    private struct Member {
        var component: CycloneDX.Component
        var patch: CycloneDX.Patch
        var metrics: [CycloneDX.ModelCard.PerformanceMetric]
        /// The last part of the base model's path, where the run was.
        var modelName: String

        init(_ member: PatchStack.Member, _ records: PatchRecords, in folder: URL) throws(RuntimeError) {
            let manifest = member.patch.manifest
            let place = "\(PatchPlaces.folderName)/members/\(member.name)"
            modelName = URL(fileURLWithPath: manifest.model.isEmpty ? "base" : manifest.model).lastPathComponent
            let issues = records.cases.map { one in
                CycloneDX.Patch.Issue(
                    id: one.id,
                    description: "\(one.filledPrompt) → \(one.targetNew.isEmpty ? one.answer : one.targetNew)")
            }
            // A path of the folder as part of a URL.
            let path = "\(place)/\(PatchManifest.weightsName)"
            patch = CycloneDX.Patch(diff: .init(url: path), resolves: issues.isEmpty ? nil : issues)
            var facts = [
                ("applied-at", member.appliedAt ?? ""), ("patch:sha256", manifest.identity),
                ("weights", manifest.changes.map(\.parameter).joined(separator: " ")),
            ]
            if let origin = manifest.origin {
                facts += [
                    ("run", origin.runID), ("configuration:sha256", origin.configurationDigest),
                    ("method", "\(origin.method) \(origin.methodVersion)"),
                    ("plugin", "\(origin.plugin) \(origin.pluginVersion)"), ("plugin:sha256", origin.pluginDigest),
                ]
            }
            if let derivation = manifest.derivation {
                facts.append(("derivation", derivation.operation.rawValue))
                facts += derivation.sources.map { ("source:sha256", $0.digest) }
            }
            facts += (manifest.madeOn ?? []).map { ("made-on:sha256", $0.digest) }
            component = CycloneDX.Component(
                type: .data, reference: "patch/\(member.name)", name: member.name,
                components: PatchBill.components(
                    ([PatchManifest.weightsName: manifest.weightsDigest]).merging(manifest.records ?? [:]) { $1 }, place
                ),
                properties: facts.map { CycloneDX.Property(name: "suture:\($0.0)", value: $0.1) })
            metrics = records.figures.map { figure in
                CycloneDX.ModelCard.PerformanceMetric(
                    type: figure.key, value: Figures.exact(figure.value),
                    slice: "patch \(member.name), \(figure.stage), \(figure.unit), \(figure.metric.protocol)")
            }
        }
    }
}
