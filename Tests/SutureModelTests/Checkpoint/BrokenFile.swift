// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import SutureModel

/// A file that breaks one rule of the format.
struct BrokenFile: Sendable, CustomTestStringConvertible {
    /// What is wrong with it.
    let testDescription: String
    let bytes: [UInt8]
    let code: ModelError.Code
    /// A part of the sentence that the reader gets.
    let says: String

    init(_ description: String, _ bytes: [UInt8], _ code: ModelError.Code, says: String) {
        testDescription = description
        self.bytes = bytes
        self.code = code
        self.says = says
    }

    /// Header `{"test": …}` with one I32 tensor of the given shape and offsets.
    init(
        _ description: String, shape: String, offsets: String, data: Int = 0, _ code: ModelError.Code, says: String
    ) {
        let header = #"{"test":{"dtype":"I32","shape":\#(shape),"data_offsets":\#(offsets)}}"#
        self.init(description, safetensors(header, data: Array(repeating: 0, count: data)), code, says: says)
    }

    /// A file with two U8 tensors, `a` and `second`, of the same shape at the given offsets.
    private static func pair(
        _ first: String, _ next: String, shape: String = "[2]", second: String = "b", data: Int
    ) -> [UInt8] {
        safetensors(
            #"{"a":{"dtype":"U8","shape":\#(shape),"data_offsets":\#(first)},"#
                + #""\#(second)":{"dtype":"U8","shape":\#(shape),"data_offsets":\#(next)}}"#,
            data: Array(repeating: 0, count: data))
    }

    /// Cases on sizes and bytes around the header.
    static let framing: [BrokenFile] = [
        BrokenFile("an empty file", [], .truncated, says: "has 0 bytes"),
        BrokenFile("seven bytes", Array(repeating: 0, count: 7), .truncated, says: "has 7 bytes"),
        BrokenFile(
            "a header size above the limit", [0x01, 0xe1, 0xf5, 0x05, 0, 0, 0, 0], .headerSize,
            says: "header of 100000001 bytes; the format allows 100000000"),
        BrokenFile(
            "the largest header size", Array(repeating: 0xff, count: 8), .headerSize, says: "18446744073709551615"),
        BrokenFile(
            "a header size beyond the file", [60, 0, 0, 0, 0, 0, 0, 0], .headerSize, says: "but only 0 bytes follow"),
        BrokenFile("an empty header", safetensors(""), .headerSyntax, says: "does not begin with '{'"),
        BrokenFile(
            "a header that is not UTF-8", [1, 0, 0, 0, 0, 0, 0, 0, 0xff], .headerSyntax, says: "begin with '{'"),
        BrokenFile(
            "a name that is not UTF-8", [5, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xff, 0x22, 0x7d], .headerSyntax,
            says: "a text is not UTF-8"),
        BrokenFile("a header that is not JSON", safetensors("{"), .headerSyntax, says: "is cut off"),
        BrokenFile("a header that is an array", safetensors("[]"), .headerSyntax, says: "does not begin with '{'"),
        BrokenFile("a header with zeros before it", safetensors("\0\0\0\0{}"), .headerSyntax, says: "begin with '{'"),
        BrokenFile("a header with spaces before it", safetensors("\r \t\n{}"), .headerSyntax, says: "begin with '{'"),
        BrokenFile(
            "a header that zeros follow", safetensors("{}\0\0\0\0"), .headerSyntax,
            says: "is not JSON at byte 2: there is more after the JSON value"),
        BrokenFile(
            "two headers", safetensors("{}{}"), .headerSyntax,
            says: "is not JSON at byte 2: there is more after the JSON value"),
        BrokenFile("bytes without tensors", safetensors("{}", data: [0]), .trailingBytes, says: "has 1 bytes too many"),
    ]

    /// Cases on the tensors of a header.
    static let layout: [BrokenFile] = [
        BrokenFile(
            "missing data", shape: "[2,2]", offsets: "[0,16]", .truncated, says: "asks for 16 bytes of tensors, but 0"),
        BrokenFile("data cut short", shape: "[2,2]", offsets: "[0,16]", data: 15, .truncated, says: "but 15 follow"),
        BrokenFile(
            "trailing data", shape: "[2,2]", offsets: "[0,16]", data: 17, .trailingBytes, says: "1 bytes too many"),
        BrokenFile(
            "a shape of more bytes", shape: "[2,2]", offsets: "[0,4]", data: 4, .sizeMismatch, says: "is 16 bytes"),
        BrokenFile(
            "a shape of fewer bytes", shape: "[]", offsets: "[0,16]", data: 16, .sizeMismatch, says: "is 4 bytes"),
        BrokenFile("a zero in the shape", shape: "[2,0]", offsets: "[0,8]", data: 8, .sizeMismatch, says: "is 0 bytes"),
        BrokenFile(
            "an overflow of the shape", shape: "[2,9223372036854775807]", offsets: "[0,16]", data: 16, .sizeMismatch,
            says: "is too large"),
        BrokenFile(
            "an overflow by the size of the elements", shape: "[2,4611686018427387903]", offsets: "[0,16]", data: 16,
            .sizeMismatch, says: "is too large"),
        BrokenFile(
            "an overflow before a zero", shape: "[9223372036854775807,2,0]", offsets: "[0,0]", .sizeMismatch,
            says: "is too large"),
        BrokenFile(
            "a dimension above 64 bits", shape: "[2,18446744073709551614]", offsets: "[0,16]", data: 16, .headerSyntax,
            says: "above 9223372036854775807 in the shape of 'test'"),
        BrokenFile(
            "an end near the largest number", shape: "[1152921504606846975,2]", offsets: "[0,9223372036854775800]",
            .truncated, says: "cut short"),
        BrokenFile("a negative dimension", shape: "[-2]", offsets: "[0,8]", .headerSyntax, says: "a negative number"),
        BrokenFile("a fractional dimension", shape: "[2.0]", offsets: "[0,8]", .headerSyntax, says: "a whole number"),
        BrokenFile("a leading zero", shape: "[02]", offsets: "[0,8]", .headerSyntax, says: "a 0 too many"),
        BrokenFile("a dimension in quotes", shape: #"["2"]"#, offsets: "[0,8]", .headerSyntax, says: "a whole number"),
        BrokenFile("a trailing comma", shape: "[2,]", offsets: "[0,8]", .headerSyntax, says: "a value is missing"),
        BrokenFile(
            "offsets that run backwards", shape: "[0]", offsets: "[4,0]", .layout, says: "ends at 0, before its start"),
        BrokenFile("data that starts late", shape: "[1]", offsets: "[4,8]", data: 8, .layout, says: "leaves a hole"),
        BrokenFile("three offsets", shape: "[1]", offsets: "[0,4,8]", data: 8, .headerSyntax, says: "3 data_offsets"),
        BrokenFile(
            "two tensors that overlap",
            pair("[0,2]", "[1,3]", data: 3), .layout, says: "'b' in"),
        BrokenFile(
            "two tensors on the same bytes",
            pair("[0,2]", "[0,2]", data: 2), .layout,
            says: "overlaps the tensor before it: it starts at 0 in place of 2"),
        BrokenFile(
            "a hole between two tensors",
            pair("[0,2]", "[3,5]", data: 5), .layout, says: "leaves a hole before it: it starts at 3 in place of 2"),
    ]

    /// Cases on names, fields and dtypes.
    static let fields: [BrokenFile] = [
        BrokenFile(
            "a name twice",
            pair("[0,0]", "[0,0]", shape: "[0]", second: "a", data: 0),
            .duplicateName, says: "has the name 'a' twice"),
        BrokenFile(
            "a name twice, once escaped",
            pair("[0,0]", "[0,0]", shape: "[0]", second: #"\u0061"#, data: 0),
            .duplicateName, says: "has the name 'a' twice"),
        BrokenFile(
            "metadata that is no object", safetensors(#"{"__metadata__":"pt"}"#), .headerSyntax,
            says: "\"pt\" for '__metadata__' instead of an object"),
        BrokenFile(
            "metadata of numbers", safetensors(#"{"__metadata__":{"step":3}}"#), .headerSyntax,
            says: "a value of 'step' that is not a string"),
        BrokenFile(
            "a metadata key twice", safetensors(#"{"__metadata__":{"a":"1","a":"2"}}"#), .headerSyntax,
            says: "the key 'a' twice"),
        BrokenFile(
            "a dtype that is not read",
            safetensors(#"{"w":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, data: [0]),
            .unsupportedDtype, says: "'w' in"),
        BrokenFile(
            "a missing field", safetensors(#"{"w":{"dtype":"F32","shape":[0]}}"#), .headerSyntax,
            says: "no 'data_offsets'"),
        BrokenFile(
            "a field twice", safetensors(#"{"w":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#),
            .headerSyntax, says: "the field 'dtype' twice"),
        BrokenFile(
            "an unknown field", safetensors(#"{"w":{"dtype":"F32","strides":[1],"shape":[0],"data_offsets":[0,0]}}"#),
            .headerSyntax, says: "the unknown field 'strides'"),
        BrokenFile("half of a surrogate pair", safetensors(#"{"\ud800":{}}"#), .headerSyntax, says: "surrogate"),
        BrokenFile(
            "an unknown escape", safetensors(#"{"\x":{}}"#), .headerSyntax,
            says: "is not JSON at byte 4: a text holds an unknown escape"),
        BrokenFile(
            "a control character in a name", safetensors("{\"a\u{1}\":{}}"), .headerSyntax, says: "control character"),
        BrokenFile("a name without an end", safetensors(#"{"a"#), .headerSyntax, says: "is cut off"),
    ]
}
