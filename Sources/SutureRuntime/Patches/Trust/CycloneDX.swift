// SPDX-License-Identifier: Apache-2.0

/// A software bill of materials in CycloneDX 1.6, as far as an edited model needs it. Members are called as the standard calls them.
///
/// Source: cyclonedx.org/docs/1.6/json.
package struct CycloneDX: Sendable, Hashable, Encodable {
    var schema = "http://cyclonedx.org/schema/bom-1.6.schema.json"
    var bomFormat = "CycloneDX"
    var specVersion = "1.6"
    var serialNumber: String?
    var version = 1
    var metadata: Metadata

    enum CodingKeys: String, CodingKey {
        case schema = "$schema"
        case bomFormat, specVersion, serialNumber, version, metadata
    }

    struct Metadata: Sendable, Hashable, Encodable {
        /// In ISO 8601.
        var timestamp: String?
        var tools: Tools
        var component: Component
    }

    struct Tools: Sendable, Hashable, Encodable {
        var components: [Component]
    }

    struct Component: Sendable, Hashable, Encodable {
        enum Kind: String, Sendable, Encodable {
            case application, data, file
            case model = "machine-learning-model"
        }

        var type: Kind
        var reference: String?
        var name: String
        var version: String?
        var description: String?
        var purl: String?
        var hashes: [Hash]?
        var licenses: [License]?
        var pedigree: Pedigree?
        var components: [Component]?
        var modelCard: ModelCard?
        var properties: [Property]?

        enum CodingKeys: String, CodingKey {
            case type, name, version, description, purl, hashes, licenses, pedigree, components, modelCard, properties
            case reference = "bom-ref"
        }
    }

    struct Hash: Sendable, Hashable, Encodable {
        var alg = "SHA-256"
        var content: String
    }

    struct License: Sendable, Hashable, Encodable {
        struct Named: Sendable, Hashable, Encodable {
            var name: String
            var url: String?
        }
        var license: Named
    }

    struct Pedigree: Sendable, Hashable, Encodable {
        var ancestors: [Component]
        var patches: [Patch]
        var notes: String
    }

    struct Patch: Sendable, Hashable, Encodable {
        struct Diff: Sendable, Hashable, Encodable {
            var url: String
        }
        struct Issue: Sendable, Hashable, Encodable {
            var type = "defect"
            var id: String
            var description: String
        }

        /// The base model's makers have not made it.
        var type = "unofficial"
        var diff: Diff
        var resolves: [Issue]?
    }

    struct ModelCard: Sendable, Hashable, Encodable {
        struct Parameters: Sendable, Hashable, Encodable {
            var task = "text-generation"
            var architectureFamily = "transformer"
            var modelArchitecture: String?
        }
        struct Analysis: Sendable, Hashable, Encodable {
            var performanceMetrics: [PerformanceMetric]
        }
        struct PerformanceMetric: Sendable, Hashable, Encodable {
            var type: String
            var value: String
            var slice: String
        }

        var modelParameters: Parameters
        var quantitativeAnalysis: Analysis?
    }

    struct Property: Sendable, Hashable, Encodable {
        var name: String
        var value: String
    }
}
