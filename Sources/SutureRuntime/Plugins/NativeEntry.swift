// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit

/// The function of a native component with its prepared signature.
struct NativeEntry {
    let function: @convention(c) () -> Void
    let signature: ForeignSignature

    /// Compares the declared signature with the one that follows from the declared parameters.
    ///
    /// - Throws: `plugin` for what is wrong with the declaration, as a clause about the component.
    init(_ c: Foreign<suture_component>, parameters: [ParameterDeclaration]) throws(RuntimeError) {
        guard let entry = c.pointer.pointee.entry else { throw RuntimeError(.plugin, "it is native and entry is NULL") }
        guard let text = c.signature.map({ String(cString: $0) }) else {
            throw RuntimeError(.plugin, "it is native and signature is NULL")
        }
        do {
            signature = try ForeignSignature(text)
        } catch {
            throw RuntimeError(.plugin, "signature: \(error.text)")
        }
        let expected = NativeEntry.signature(of: parameters)
        guard signature.letters == expected else {
            throw RuntimeError(
                .plugin, "signature \"\(text)\" does not fit its declared parameters, which need \"\(expected)\"")
        }
        function = entry
    }

    /// "e(ppppdl)": host, session, call and sink, then one letter per parameter.
    static func signature(of parameters: [ParameterDeclaration]) -> String {
        "e(pppp" + String(parameters.compactMap { letter(of: $0.kind) }) + ")"
    }

    /// The letter of a parameter's type (native.h), or nil where a native function cannot take one.
    static func letter(of kind: ParameterDeclaration.Kind) -> Character? {
        switch kind {
        case .number: "d"
        case .integer: "l"
        case .boolean: "i"
        case .text, .path, .component: "s"
        case .integers, .numbers, .texts, .textGroups: nil
        }
    }
}
