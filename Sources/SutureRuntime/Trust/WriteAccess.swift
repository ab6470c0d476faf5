// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Whether someone else could have put code into a file, or could swap it before it is loaded.
///
/// The one rule for what is loaded and for what says what may be loaded: the file, the folders above it, and the links on the
/// way belong to the user, to root, or to the owner of this program, and not every user may write there. A sticky folder such
/// as /tmp is fine: there, nobody replaces the files of others. Groups are not looked at, because many systems give every user
/// a group of their own.
enum WriteAccess {
    /// More links than this on one way make a circle; the system's limit is the same.
    private static let mostLinks = 40

    /// - Throws: `plugin`, naming what lies open; nothing where there is no such file, which whoever opens it will say.
    static func check(_ path: String, isNeededFor purpose: String = "loaded") throws(RuntimeError) {
        guard let fault = fault(of: path) else { return }
        throw RuntimeError(.plugin, "\(path) is not \(purpose): \(fault.sentence)", hint: fault.hint)
    }

    private struct Fault {
        var sentence: String
        var hint: String
    }

    /// Walks from the root to the file, as the system does.
    private static func fault(of path: String) -> Fault? {
        let trusted = trustedOwners
        var rest = Array(URL(fileURLWithPath: path).path.split(separator: "/").map(String.init).reversed())
        var place = ""
        var links = 0
        while let name = rest.popLast() {
            if name == "." { continue }
            if name == ".." {
                place = (place as NSString).deletingLastPathComponent
                if place == "/" { place = "" }
                continue
            }
            let next = "\(place)/\(name)"
            var status = stat()
            guard lstat(next, &status) == 0 else { return nil }
            guard trusted.contains(status.st_uid) else {
                return Fault(
                    sentence: "\(next) belongs to another user, \(userName(status.st_uid))",
                    hint: "copy it into a folder of yours, if you trust what it does")
            }
            let kind = status.st_mode & S_IFMT
            if kind == S_IFLNK {
                links += 1
                guard links <= mostLinks,
                    let target = try? FileManager.default.destinationOfSymbolicLink(atPath: next)
                else { return nil }
                if target.hasPrefix("/") { place = "" }
                rest += target.split(separator: "/").map(String.init).reversed()
                continue
            }
            let isSticky = kind == S_IFDIR && status.st_mode & S_ISVTX != 0
            guard status.st_mode & S_IWOTH == 0 || isSticky else {
                return Fault(sentence: "every user may write to \(next)", hint: "take that away: chmod o-w '\(next)'")
            }
            place = next
        }
        return nil
    }

    /// Who could change what this program does anyway: root, the user, and whoever owns the program. The owner of the root folder
    /// stands for root in a container that maps users.
    private static var trustedOwners: Set<uid_t> {
        var owners: Set<uid_t> = [0, geteuid()]
        for path in ["/", "/proc/self/exe"] {
            var status = stat()
            if stat(path, &status) == 0 { owners.insert(status.st_uid) }
        }
        return owners
    }

    private static func userName(_ id: uid_t) -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 1 << 14)
        guard getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else {
            return "number \(id)"
        }
        return String(cString: name)
    }
}
