// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureRuntime

extension FuzzReader {
    private static let experimentWords =
        ExperimentSeeds.keys + [
            "counterfact", "fixed-layers", "memit", "batch", "single", "sequential", "float32", "cuda:0", "1e-3",
            ".inf", "null", "~", "&a", "*a", "<<: *a", "[1, 2]", "{name: x}", "? a\n: b\n", "1: 2\n", "true: x\n",
        ]

    static let experiments: [FuzzReader] = [
        FuzzReader(
            "experiment", "an experiment file, with variants and sweeps", .text, words: experimentWords,
            seeds: { ExperimentSeeds.files.bytes }
        ) { folder in
            try ExperimentSeeds.prepare(folder)
            let path = folder.path("e.yaml")
            return { input in
                try folder.put(input, into: path)
                let suite = try ExperimentSuite(file: path, currentFolder: folder.url.path)
                for member in suite.members { try resolve(member.experiment) }
                return []
            }
        },
        FuzzReader(
            "overrides", "changes of an experiment from the command line, one a line; a line with -s is a sweep", .text,
            words: experimentWords + ["method.v_lr=", "+", "++", "~", "-s ", "a,b", "\\,", "${x}", "choice(a,b)"],
            largest: 1 << 16,
            seeds: {
                [
                    "method.v_lr=0.1\n~seed\n+dataset.where.a=[1,null]", "-s seed=1,2,3\n-s edit.mode=batch,single",
                    "++method={name: rome, layers: ['a', \"b\\\"c\"]}", "~method.v_lr=0.5\ndataset.limit=null",
                ].bytes
            }
        ) { folder in
            try ExperimentSeeds.prepare(folder)
            let file = try folder.write(ExperimentSeeds.files[0], to: "e.yaml")
            return { input in
                let lines = String(decoding: input, as: UTF8.self).split(separator: "\n").map(String.init)
                let suite = try ExperimentSuite(
                    file: file.path, overrides: lines.filter { !$0.hasPrefix("-s ") },
                    sweeps: lines.filter { $0.hasPrefix("-s ") }.map { String($0.dropFirst(3)) },
                    currentFolder: folder.url.path)
                for member in suite.members { try resolve(member.experiment) }
                return []
            }
        },
        FuzzReader(
            "settings", "settings of a component with a parameter of every kind", .text,
            words: ExperimentSeeds.everyKind.map(\.name) + ["[1, 2]", "[[a], [b, '{}']]", "groups.json", "9.5", "on"],
            seeds: {
                [
                    "integer: 3\nnumber: 1e-3\nboolean: true\ntext: a\nintegers: [1, 2]\nnumbers: [0.5]\ntexts: [x, y]",
                    "text_groups: [['{}'], [a, b]]\npath: groups.json\ntext_groups: groups.json", "integer: 4.0",
                ].bytes
            }
        ) { folder in
            try folder.write(#"[["{}"],["a","b"]]"#, to: "groups.json")
            let component = ExperimentSeeds.component("every-kind", .patcher, ExperimentSeeds.everyKind)
            let paths = PathResolver(currentFolder: folder.url.path, fileFolder: folder.url.path)
            return { input in
                let node = try ConfigNode(yaml: Data(input), name: "e.yaml")
                _ = try ArgumentResolver.resolve(node, for: component, paths: paths)
                return []
            }
        },
        FuzzReader(
            "text-groups", "a JSON file that a setting names: lists of lists of texts", .json, words: ["{}", "[[]]"],
            seeds: { [#"[["{}"],["First. {}","Second. {}"]]"#].bytes }
        ) { folder in
            let path = folder.path("groups.json")
            let component = ExperimentSeeds.component("every-kind", .patcher, ExperimentSeeds.everyKind)
            let paths = PathResolver(currentFolder: folder.url.path, fileFolder: folder.url.path)
            return { input in
                try folder.put(input, into: path)
                let node = try ConfigNode(yaml: Data("text_groups: groups.json".utf8), name: "e.yaml")
                _ = try ArgumentResolver.resolve(node, for: component, paths: paths)
                return []
            }
        },
        FuzzReader(
            "resolved-experiment", "config.resolved.yaml of a run folder", .text,
            words: experimentWords + ["integers", "text_groups", "component", "digest", "plugin", "sha256"],
            seeds: { try ExperimentSeeds.resolved() }
        ) { folder in
            let path = folder.path(ResolvedExperiment.fileName)
            return { input in
                // The text as it is: a checksum would refuse every change of it.
                let experiment = try ResolvedExperiment(yaml: String(decoding: input, as: UTF8.self))
                _ = (experiment.yaml, experiment.runID, experiment.inputs.count)
                try folder.put(input, into: path)
                _ = try ResolvedExperiment(runFolder: folder.url.path)
                return []
            }
        },
        FuzzReader(
            "user-configuration", "the user's own config.yaml", .text,
            words: ["allow_code", "true", "[~/methods, libm.so.6]", "- /a", "~/", "./x"],
            seeds: { ["allow_code: [~/methods, libm.so.6, /opt/x]\n", "allow_code: true\n"].bytes }
        ) { folder in
            try folder.write("", to: "suture/config.yaml")
            let path = folder.path("suture/config.yaml")
            let environment = ["XDG_CONFIG_HOME": folder.url.path, "HOME": folder.url.path]
            return { input in
                try folder.put(input, into: path)
                let code = try UserConfiguration(environment: environment).code
                _ = code.allows("/opt/x/liby.so")
                try code.require(["/opt/z/libz.so"], namedBy: "e.yaml")
                return []
            }
        },
    ]

    /// Fills the settings of an experiment by declarations of every kind.
    private static func resolve(_ experiment: Experiment) throws {
        _ = try experiment.resolve { kind, request throws(RuntimeError) in
            ExperimentSeeds.component(request.name, kind, ExperimentSeeds.everyKind)
        }
    }
}
