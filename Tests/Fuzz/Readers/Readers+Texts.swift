// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import SutureRuntime

extension FuzzReader {
    /// Small notations, and what is made of text before people see it.
    static let texts: [FuzzReader] = [
        FuzzReader(
            "json", "JSON of any kind, read in both ways and written again", .json,
            words: ["[1e5]", "{\"a\":{\"a\":1}}", "\\u00e9", "\u{FEFF}"],
            seeds: { [#"{"a":[1,2.5e3,"x\u00e9",null,true],"a":{}}"#, "[]", "\u{FEFF} [1] "].bytes }
        ) { _ in
            { input in
                let value = Result { try JSONValue(Data(input), name: "'x.json'") }
                let setting = Result { try JSON.decode(SettingJSON.self, from: Data(input), name: "'x.json'") }
                let text = try value.get().written(levels: 2)
                guard try JSONValue(text, name: "again") == value.get() else { return ["JSON\nthat changes"] }
                _ = try JSON.encode(try setting.get())
                return []
            }
        },
        FuzzReader(
            "names", "names of sites, devices and types, and patterns of parameters", .text,
            words: ["blocks.1.neurons", "embedding", "cuda:1", "float32", "*", "*.mlp.*", ".", ":"], largest: 1 << 14,
            seeds: { ["blocks.17.neurons", "cuda:1", "bfloat16", "*.h.*.mlp*weight"].bytes }
        ) { _ in
            let known = (0..<40).map { "transformer.h.\($0).mlp.c_fc.weight" }
            return { input in
                let text = String(decoding: input, as: UTF8.self)
                _ = (Site(text), Device(named: text), DType(named: text))
                _ = known.count { NamePattern.matches($0, text) }
                return []
            }
        },
        FuzzReader(
            "template", "prompts with slots", .text, words: ["{}", "{{", "}}", "{", "}", "{{}}"],
            seeds: { ["The capital of {} is", "print('{{}}') prints {}"].bytes }
        ) { _ in
            { input in
                let text = String(decoding: input, as: UTF8.self)
                let filled = Template.fill(text, with: "a {} b")
                _ = (Template.slotCount(of: text), Template.literal(text), filled.count)
                return []
            }
        },
        FuzzReader(
            "display", "text as terminals, pages, tables and sentences show it", .text,
            words: ["<script>", "&amp;", "|", "=1+1", "\u{1B}]0;x\u{7}", "`", "[a](b)", "\r"],
            seeds: { ["plain text", "=cmd()|<b>\"q\"</b>\n\u{1B}[31mred\t\u{202E}"].bytes }
        ) { _ in
            { input in
                let text = String(decoding: input, as: UTF8.self)
                _ = TextTable(header: ["a", "b"], rows: [[text, "x"]]).text(width: 40)
                _ = TextTable(header: ["a"], rows: [[text]]).markdown()
                _ = (DisplayText.escapedInJSON(text), DisplayText.prefix(text, columns: 20).count)
                _ = (CSV.line([text]), ConfigWriter.quoted(text))
                throw RuntimeError(.file, "the text '\(text)' was read", hint: text)
            }
        },
    ]
}
