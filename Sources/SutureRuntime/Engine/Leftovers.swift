// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// What processes have left that were killed: temporary files and folders, files of locks that nobody holds, and the `state/` of
/// runs that are done.
///
/// Nothing else counts. A run that was killed is no leftover, since it can be resumed, and what a living process works on is
/// locked (see ``TemporaryPlace`` and ``PlaceLock``) and left to it.
package struct Leftovers: Sendable, Hashable, Encodable {
    package enum Kind: String, Sendable, Hashable, Encodable {
        case temporaryFile = "temporary file"
        case temporaryFolder = "temporary folder"
        case lock
        case stateOfFinishedRun = "state of a finished run"
    }

    package struct Item: Sendable, Hashable, Encodable {
        /// Absolute.
        package var path: String
        package var kind: Kind
        /// Of all files in it.
        package var bytes: Int
    }

    /// In the order of their paths.
    package var items: [Item] = []
    /// What would be one if no process worked on it.
    package var inUse: [String] = []
    /// Folders that could not be looked at.
    package var unreadable: [String] = []

    enum CodingKeys: String, CodingKey {
        case items, unreadable
        case inUse = "in_use"
    }

    package init() {}

    /// Looks through a folder. Links are not followed, nor other file systems entered.
    ///
    /// - Parameter isDeep: with the folders in it.
    package init(in folder: URL, isDeep: Bool = true) {
        let root = folder.resolvingSymlinksInPath()
        var device = stat()
        guard stat(root.path, &device) == 0 else { return }
        var pending = [root]
        while let next = pending.popLast() {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: next.path) else {
                unreadable.append(next.path)
                continue
            }
            for name in names.sorted() {
                let item = next.appending(path: name)
                var status = stat()
                guard lstat(item.path, &status) == 0 else { continue }
                let isFolder = status.st_mode & S_IFMT == S_IFDIR
                if TemporaryPlace.isTemporary(name) {
                    add(item, isFolder ? .temporaryFolder : .temporaryFile, TemporaryPlace.state(of: item.path))
                } else if !isFolder, PlaceLock.isName(name) {
                    add(item, .lock, PlaceLock.state(of: item))
                } else if isFolder, Self.isStateOfFinishedRun(item) {
                    add(item, .stateOfFinishedRun, PlaceLock.state(of: RunFolder(next).lock) == .inUse ? .inUse : .left)
                } else if isFolder, isDeep, status.st_dev == device.st_dev {
                    pending.append(item)
                }
            }
        }
        items.sort { $0.path < $1.path }
    }

    private mutating func add(_ item: URL, _ kind: Kind, _ state: TemporaryPlace.State) {
        switch state {
        case .left: items.append(Item(path: item.path, kind: kind, bytes: Self.bytes(of: item)))
        case .inUse: inUse.append(item.path)
        case .foreign: break
        }
    }

    /// Removes what is still a leftover when its turn comes.
    ///
    /// - Returns: a sentence for each that could not be removed.
    @discardableResult
    package func remove() -> [String] {
        items.compactMap { item in
            do {
                let url = URL(fileURLWithPath: item.path)
                switch item.kind {
                case .temporaryFile, .temporaryFolder: try TemporaryPlace.removeLeftover(item.path)
                case .lock: PlaceLock.removeLeftover(url)
                case .stateOfFinishedRun: try Self.removeState(url)
                }
                return nil
            } catch {
                return RuntimeError(error).message
            }
        }
    }

    /// `state/` goes when a run is done; a kill between the two leaves it.
    private static func isStateOfFinishedRun(_ folder: URL) -> Bool {
        let run = RunFolder(folder.deletingLastPathComponent())
        return folder.lastPathComponent == run.state.lastPathComponent && run.isDone
            && FileManager.default.fileExists(atPath: run.resolvedConfiguration.path)
    }

    private static func removeState(_ folder: URL) throws {
        let run = RunFolder(folder.deletingLastPathComponent())
        let lock = try PlaceLock(run.lock, of: "the run folder '\(run.url.path)'")
        defer { withExtendedLifetime(lock) {} }
        guard isStateOfFinishedRun(folder) else { return }
        try FileManager.default.removeItem(at: folder)
    }

    private static func bytes(of item: URL) -> Int {
        func size(_ path: String) -> Int {
            var status = stat()
            return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
        }
        let inside = FileManager.default.enumerator(atPath: item.path)?.compactMap { $0 as? String } ?? []
        return inside.reduce(size(item.path)) { $0 + size(item.appending(path: $1).path) }
    }
}
