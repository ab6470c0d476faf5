// SPDX-License-Identifier: Apache-2.0

import CSuture
import Foundation
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// The commands that answer questions, as a user starts them.
@Suite("Commands")
struct CommandTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func suture(_ arguments: String...) throws -> CommandLineRun {
        try CommandLineRun(arguments, cache: scratch.url)
    }

    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test("--version is one line with the versions of program, ABI and library")
    func version() throws {
        let run = try suture("--version")
        #expect(run.code == 0)
        #expect(run.output == "\(Versions.line)\n")
        #expect(
            run.output.hasPrefix(
                "\(Versions.suture) (plugin ABI \(SUTURE_ABI_MAJOR).\(SUTURE_ABI_MINOR), libtorch "))
        #expect(run.output.hasSuffix(", debug)\n") || run.output.hasSuffix(", release)\n"))
    }

    // MARK: doctor

    @Test("doctor lists what works, a line each")
    func doctor() throws {
        let run = try suture("doctor")
        #expect(run.code == 0, "\(run.output)")
        let lines = lines(run.output)
        let subjects = ["suture", "plugin ABI", "libtorch", "tensors", "device cpu", "device cuda", "cache"]
        for subject in subjects {
            #expect(lines.contains { $0.hasPrefix("✓  \(subject) ") }, "\(subject)")
        }
        #expect(lines.contains { $0.hasPrefix("✓  plugin suture.memit ") && $0.contains("  memit, rome (") })
        #expect(!run.output.contains("✗"))
    }

    @Test("doctor says what is wrong with a plugin and ends with the code of plugins")
    func doctorProblem() throws {
        let file = scratch.url.appending(path: "libbroken.so")
        try Data("no library".utf8).write(to: file)
        let run = try suture("doctor", "--plugin", file.path)
        #expect(run.code == 3)
        let wrong = lines(run.output).filter { $0.hasPrefix("✗") }
        #expect(wrong.count == 1 && wrong[0].hasPrefix("✗  plugin \(file.path)  "), "\(run.output)")
        let json = try JSONValue(try suture("doctor", "--json", "--plugin", file.path).output, name: "the answer")
        guard case .list(let findings)? = json["findings"] else { throw CocoaError(.fileReadCorruptFile) }
        #expect(findings.count { $0["isGood"] == .boolean(false) } == 1)
    }

    // MARK: model

    @Test("model inspect shows the model as a whole and each of its tensors")
    func inspect() throws {
        let folder = Repository.world.appending(path: "model").path
        let run = try suture("model", "inspect", folder)
        #expect(run.code == 0, "\(run.errors)")
        #expect(
            lines(run.output).prefix(17) == [
                "family             gpt2", "folder             \(folder)", "parameters         3480576",
                "layers             6", "width              192", "neurons per layer  768",
                "heads              6 of 32, 6 for keys and values", "vocabulary         4096, tokenizer 4096",
                "context            128", "projections        stored [in, out]", "tied head          yes",
                "sites              embedding, residual_in, residual_mid, residual_out, head_output, attention_output, "
                    + "mlp_input, neurons, mlp_output, final_norm, logits, attention_input, query, key, value, "
                    + "attention_pattern, up", "",
                "parameter                                shape  dtype    file",
                "──────────────────────────────────  ──────────  ───────  ─────────────────",
                "transformer.wte.weight              4096 × 192  float16  model.safetensors",
                "transformer.wpe.weight               128 × 192  float16  model.safetensors",
            ])
        let json = try JSONValue(try suture("model", "inspect", folder, "--json").output, name: "the answer")
        #expect(json["parameterCount"]?.integer == 3_480_576)
    }

    @Test(
        "model inspect says in one sentence what is wrong with a folder",
        arguments: [
            (nil, "config.json cannot be read; name a Hugging Face model folder: it holds config.json"),
            ("{", "config.json is cut off: its JSON does not end within 1 bytes; copy it again from its source"),
            ("{\n  \"a\" 1}", "config.json:2:7: this is not JSON: a ':' is missing; copy it again from its source"),
            ("[]", "config.json is not a JSON object but a list; copy the file from the model's source again"),
            ("{\"model_type\": 3}", "config.json: \"model_type\" must be a text, got 3; correct the file"),
            (
                "{\"model_type\": \"gpt2\", \"n_embd\": \"wide\"}",
                "config.json: \"n_embd\" must be a whole number above 0, got \"wide\"; correct the file"
            ),
        ] as [(String?, String)])
    func inspectProblem(configuration: String?, sentence: String) throws {
        let folder = scratch.url.appending(path: "model")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if let configuration {
            try Data(configuration.utf8).write(to: folder.appending(path: "config.json"))
        }
        let run = try suture("model", "inspect", folder.path)
        #expect(run.code == 4)
        #expect(run.output.isEmpty)
        #expect(run.errors == "suture: \(folder.path)/\(sentence)\n")
    }

    /// Faults of a copy of the World model, each with a part of the sentence for it.
    @Test(
        "inspect, generate, plan and run refuse a folder with the same sentence",
        arguments: [
            ("config.json", #"{"model_type": "gpt2", "quantization_config": {"quant_method": "awq"}}"#, "of awq:"),
            ("adapter_config.json", #"{"peft_type": "LORA"}"#, "holds an adapter beside the model"),
            (
                "config.json",
                #"{"model_type": "gpt2", "n_embd": 192, "n_layer": 7, "n_head": 6, "n_positions": 128, "vocab_size": 4096, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-05}"#,
                "has no tensor \"transformer.h.6.ln_1.weight\""
            ),
            ("tokenizer.json", "version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        ])
    func sameRefusal(file: String, content: String, sentence: String) throws {
        let world = Repository.world.appending(path: "model")
        let folder = scratch.url.appending(path: "model")
        try FileManager.default.copyItem(at: world, to: folder)
        try Data(content.utf8).write(to: folder.appending(path: file))
        let experiment = Repository.world.appending(path: "quickstart.yaml").path
        let settings = ["model.source=\(folder.path)", "output.dir=\(scratch.url.path)/runs"]
        let runs = try [
            ["model", "inspect", folder.path], ["model", "generate", folder.path, "--prompt", "The"],
            ["plan", experiment] + settings, ["run", experiment] + settings,
        ].map { try CommandLineRun($0, cache: scratch.url) }
        for run in runs {
            #expect(run.code == 4)
            #expect(run.errors.contains(sentence))
            #expect(run.errors == runs[0].errors)
        }
    }

    @Test("inspect, generate and plan warn of the same things, each once")
    func sameWarnings() throws {
        let folder = scratch.url.appending(path: "model")
        try FileManager.default.copyItem(at: Repository.world.appending(path: "model"), to: folder)
        try Data().write(to: folder.appending(path: "head.safetensors"))
        let experiment = Repository.world.appending(path: "quickstart.yaml").path
        let settings = ["model.source=\(folder.path)", "output.dir=\(scratch.url.path)/runs"]
        let warning = "warning: 'head.safetensors' in '\(folder.path)' is not read\n"
        for arguments in [["model", "inspect", folder.path], ["plan", experiment] + settings] {
            let run = try CommandLineRun(arguments, cache: scratch.url)
            #expect(run.code == 0)
            #expect(run.errors == warning)
        }
        let json = try JSONValue(
            try CommandLineRun(["plan", experiment, "--json"] + settings, cache: scratch.url).output, name: "the answer"
        )
        #expect(json["warnings"] == .list([.text("'head.safetensors' in '\(folder.path)' is not read")]))
        let generated = try suture("model", "generate", folder.path, "--prompt", "The", "--max-new-tokens", "1")
        #expect(generated.errors == warning)
    }

    @Test("model generate continues the prompt, always in the same way where it is greedy")
    func generate() throws {
        let folder = Repository.world.appending(path: "model").path
        let prompt = "The element sodium is one of the"
        let run = try suture("model", "generate", folder, "--prompt", prompt, "--max-new-tokens", "3")
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output == "\(prompt) alkali metals.\n")
        let json = try suture("model", "generate", folder, "--prompt", prompt, "--max-new-tokens", "3", "--json")
        #expect(json.output == "{\n  \"continuation\" : \" alkali metals.\",\n  \"prompt\" : \"\(prompt)\"\n}\n")
    }

    @Test(
        "model generate refuses settings that mean nothing",
        arguments: [
            (["--dtype", "int8"], 2, "there is no dtype \"int8\"; use float32, float64, float16 or bfloat16"),
            (["--device", "tpu"], 2, "there is no device \"tpu\"; use cpu, cuda or cuda:1"),
            (
                ["--max-new-tokens", "0"], 2,
                "max-new-tokens must be > 0, temperature and top-k ≥ 0, top-p in (0, 1]"
            ),
        ] as [([String], Int32, String)])
    func generateProblem(arguments: [String], code: Int32, sentence: String) throws {
        let folder = Repository.world.appending(path: "model").path
        let run = try CommandLineRun(
            ["model", "generate", folder, "--prompt", "a"] + arguments, cache: scratch.url)
        #expect(run.code == code)
        #expect(run.errors == "suture: \(sentence)\n")
    }

    // MARK: plan

    @Test("plan prints the resolved configuration and the size of the run, and writes nothing")
    func plan() throws {
        let experiment = try SmallExperiment()
        let run = try CommandLineRun(["plan", experiment.file.path], cache: experiment.scratch.url)
        #expect(run.code == 0, "\(run.errors)")
        let lines = lines(run.output)
        #expect(lines.contains("experiment: \"small\""))
        #expect(lines.contains { $0.hasPrefix("run                     small-") })
        #expect(lines.contains { $0.hasPrefix("folder                  \(experiment.runs.path)/small-") })
        let facts = Array(lines.suffix(5))
        #expect(
            Array(facts.prefix(2)) == [
                "cases                   2 in 1 patch",
                "threads                 \(Processor.defaultThreads) for one operation, kernels \(Processor.kernels)",
            ])
        let memory =
            "memory                  at least 278.3 MiB (weights 13.28 MiB, a second moment of each edited layer 4.50 MiB); "
        #expect(facts[2].hasPrefix(memory) && facts[2].hasSuffix(" are free"))
        #expect(Array(facts.suffix(2)) == ["second moments on disk  none", ""])
        #expect(!FileManager.default.fileExists(atPath: experiment.runs.path))
    }

    @Test("plan lists the runs of a sweep")
    func sweep() throws {
        let experiment = try SmallExperiment()
        let run = try CommandLineRun(
            ["plan", experiment.file.path, "-m", "method.v_lr=0.1,0.5"], cache: experiment.scratch.url)
        #expect(run.code == 0, "\(run.errors)")
        let lines = lines(run.output)
        #expect(lines[0] == "run       cases  patches  done  folder")
        #expect(lines[1].hasPrefix("────────  ─────  ───────  ────  ────"))
        #expect(lines[2].hasPrefix("v_lr=0.1      2        1        \(experiment.runs.path)/small.v-lr-0.1-"))
        #expect(lines[3].hasPrefix("v_lr=0.5      2        1        \(experiment.runs.path)/small.v-lr-0.5-"))
    }

    // MARK: plugins

    @Test("plugins list is a table with a line for each component")
    func plugins() throws {
        let run = try suture("plugins", "list")
        #expect(run.code == 0, "\(run.errors)")
        let lines = lines(run.output)
        #expect(lines[0].split(separator: " ", omittingEmptySubsequences: true).first == "component")
        #expect(lines[1].allSatisfy { $0 == "─" || $0 == " " })
        #expect(lines.contains { $0.hasPrefix("rome ") && $0.contains("  patcher    1.0.0    suture.memit ") })
    }

    @Test("plugins info shows a component and its parameters, and suggests the nearest name")
    func info() throws {
        let run = try suture("plugins", "info", "rome")
        #expect(run.code == 0, "\(run.errors)")
        let lines = lines(run.output)
        #expect(lines[0] == "component            rome 1.0.0")
        #expect(lines[1] == "kind                 patcher")
        #expect(lines[5] == "needs of every case  prompt, subject, target_new")
        #expect(lines.contains("  v_num_grad_steps: a whole number, default 20, > 0, passes"))
        let wrong = try suture("plugins", "info", "romme")
        #expect(wrong.code == 3)
        #expect(wrong.errors.hasSuffix("; did you mean \"rome\"?\n"))
    }
}
