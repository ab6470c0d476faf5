// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

@main
struct Suture: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Edits language models after training.")
}
