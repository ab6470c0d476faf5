// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Sentences for errors that come from Foundation, which describe themselves as dumps of keys and codes.
enum FoundationErrors {
    /// "'/cache/suture' cannot be used: Permission denied"; nil for an error of another origin.
    static func sentence(_ error: any Error) -> String? {
        switch error {
        case let error as DecodingError: return ofDecoding(error)
        case let error as EncodingError: return ofEncoding(error)
        case let error as POSIXError: return reason(error.errorCode)
        case let error as CocoaError: return ofSystem(error as NSError)
        default:
            // Every Swift error bridges to an NSError; only those that Foundation made have one of its domains.
            let bridged = error as NSError
            return [NSCocoaErrorDomain, NSPOSIXErrorDomain].contains(bridged.domain) ? ofSystem(bridged) : nil
        }
    }

    private static func ofSystem(_ error: NSError) -> String {
        let url = (error.userInfo[NSURLErrorKey] as? URL)?.path
        let path = error.userInfo[NSFilePathErrorKey] as? String ?? url
        // On Linux the error below is a Swift error, which a cast to NSError alone does not find.
        let below = (error.userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError }
        let code = [below, error].compactMap { $0 }.first { $0.domain == NSPOSIXErrorDomain }?.code
        let why = code.map(reason) ?? error.localizedDescription
        return path.map { "'\($0)' cannot be used: \(why)" } ?? why
    }

    private static func ofDecoding(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context): "the JSON lacks '\(place(context.codingPath + [key]))'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "the JSON holds something else than expected at '\(place(context.codingPath))'"
        case .dataCorrupted(let context) where context.codingPath.isEmpty: "it is not JSON"
        case .dataCorrupted(let context):
            "the JSON has a value that is not understood at '\(place(context.codingPath))'"
        @unknown default: "it is not the expected JSON"
        }
    }

    private static func ofEncoding(_ error: EncodingError) -> String {
        guard case .invalidValue(let value, let context) = error else { return "a value cannot be written as JSON" }
        return "the value \(value) of '\(place(context.codingPath))' cannot be written as JSON"
    }

    /// "stages[0].name"
    private static func place(_ keys: [any CodingKey]) -> String {
        keys.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : "." + key.stringValue
            }
        }
    }

    private static func reason(_ code: Int) -> String { String(cString: strerror(Int32(truncatingIfNeeded: code))) }
}
