// SPDX-License-Identifier: Apache-2.0
import CSutureHost
import Foundation

/// Makes model folders completely or not at all, and copies the files that are not weights.
public enum ModelFolder {
    /// Endings of files that hold weights in some format. A copy of them beside edited weights would be the unedited
    /// model, so they are not copied.
    static let weightEndings = [
        ".safetensors", ".safetensors.index.json", ".bin.index.json", ".pt", ".pth", ".ckpt", ".gguf", ".h5",
        ".msgpack", ".onnx", ".onnx_data",
    ]
    /// Folders that belong to version control and download caches, not to the model.
    static let skippedFolders: Set<String> = [".git", ".cache"]

    /// True for the name of a file with weights of a model or of an index of such files. An adapter's weights are none:
    /// they belong to adapter_config.json, and both are copied.
    static func isWeightFile(_ name: String) -> Bool {
        guard !FolderFiles.isAdapter(name) else { return false }
        return weightEndings.contains { name.hasSuffix($0) }
            || (name.hasPrefix("pytorch_model") && name.hasSuffix(".bin"))
    }

    /// True where an adapter lies beside the model; both of its parts are copied with the folder.
    package static func holdsAdapter(_ folder: URL) -> Bool {
        FolderFiles(folder).contains(FolderFiles.adapterConfiguration)
    }

    /// Makes the folder `output` from what `body` puts into the folder that it is given.
    ///
    /// That folder is `OUTPUT.suture-tmp-…` beside the place; it is renamed when `body` is done, and removed when it fails.
    /// Missing folders above `output` are made.
    ///
    /// - Parameter replaces: a folder that is there is replaced.
    /// - Throws: `outputPlace` where something is at `output` already, other than an empty folder; `unwritable`; and
    ///   what `body` throws.
    public static func assemble(
        at output: URL, replaces: Bool = false, _ body: (URL) throws(ModelError) -> Void
    ) throws(ModelError) {
        let output = output.standardizedFileURL.resolvingSymlinksInPath()
        if !replaces { try checkOutput(output) }
        do {
            try FileManager.default.createDirectory(
                at: output.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw ModelError(
                .unwritable, "the folder '\(output.deletingLastPathComponent().path)' cannot be made",
                hint: "check the path and that you may write there")
        }
        let temporary = try TemporaryPlace.make(.folder, beside: output.path)
        let partial = URL(fileURLWithPath: temporary.path, isDirectory: true)
        do throws(ModelError) {
            try body(partial)
            if replaces { return try exchange(temporary, output) }
            // Replaces an empty folder, and fails where another program has filled it meanwhile.
            guard rename(temporary.path, output.path) == 0 else { throw .unwritable(output.path, errno) }
        } catch {
            try? FileManager.default.removeItem(at: partial)
            throw error
        }
        OutputFile.flushFolder(of: output)
    }

    /// Puts a folder in the making at a place, and removes what is there. At any moment the place has one of the two.
    private static func exchange(_ temporary: TemporaryPlace, _ output: URL) throws(ModelError) {
        var old = temporary.path
        switch suture_host_exchange_paths(temporary.path, output.path) {
        case 0: break
        case ENOENT:
            guard rename(temporary.path, output.path) == 0 else { throw .unwritable(output.path, errno) }
        case EINVAL, ENOSYS: old = try replace(temporary, output)
        case let reason: throw .unwritable(output.path, reason)
        }
        OutputFile.flushFolder(of: output)
        try? FileManager.default.removeItem(atPath: old)
    }

    /// The same in two steps, for file systems that cannot do it in one.
    ///
    /// - Returns: where the old folder is now.
    private static func replace(_ temporary: TemporaryPlace, _ output: URL) throws(ModelError) -> String {
        let old = try TemporaryPlace.make(.folder, beside: output.path)
        guard rename(output.path, old.path) == 0 else { throw .unwritable(output.path, errno) }
        guard rename(temporary.path, output.path) == 0 else {
            let reason = errno
            rename(old.path, output.path)
            throw .unwritable(output.path, reason)
        }
        return old.path
    }

    /// Copies all files of a model folder other than weights, byte for byte and with their modes, and the folders inside it.
    ///
    /// Weights are told by their names, in this and other formats; `.git` and `.cache` are left out. A link to a file
    /// is copied as the file that it leads to, because download caches make model folders of relative links.
    ///
    /// - Parameter links: what becomes of links out of the folder; see `FolderLinks`.
    /// - Throws: `outputPlace` where `destination` is `source` or inside it; `outsideLink`; `unreadable`; `unwritable`;
    ///   `cancelled`.
    public static func copyNonWeightFiles(
        from source: URL, to destination: URL, links: OutsideLinks = .refuse
    ) throws(ModelError) {
        let inner = destination.standardizedFileURL.resolvingSymlinksInPath().path
        let outer = source.standardizedFileURL.resolvingSymlinksInPath().path
        guard inner != outer, !inner.hasPrefix(outer.hasSuffix("/") ? outer : outer + "/") else {
            throw ModelError(
                .outputPlace, "the output place '\(inner)' lies inside the model folder '\(outer)'",
                hint: "choose an output folder outside the model folder")
        }
        try copyFolder(from: source, to: destination, FolderLinks(source, outside: links)) { !isWeightFile($0) }
    }

    /// Copies a folder that is part of a model folder, with everything that is in it.
    ///
    /// - Parameter model: the model folder, which decides about links.
    /// - Throws: as ``copyNonWeightFiles(from:to:links:)``.
    package static func copyPart(
        _ source: URL, of model: URL, to destination: URL, links: OutsideLinks
    ) throws(ModelError) {
        guard mkdir(destination.path, 0o777) == 0 else { throw .unwritable(destination.path, errno) }
        try copyFolder(from: source, to: destination, FolderLinks(model, outside: links)) { _ in true }
    }

    /// Copies one file byte for byte, with its mode, following links.
    package static func copyFile(_ name: String, from source: URL, to destination: URL) throws(ModelError) {
        try SafetensorsWriter.checkCancellation()
        let file = try MappedFile(source.appendingPathComponent(name))
        try OutputFile.create(
            at: destination.appendingPathComponent(name), mode: file.mode
        ) { (output) throws(ModelError) in
            try output.append(TensorBytes(of: file, 0..<file.bytes.count))
        }
    }

    /// Gives a folder that was made for another the mode of that one. Its owner may always write there.
    static func copyMode(of source: URL, to folder: URL) throws(ModelError) {
        var status = stat()
        guard stat(source.path, &status) == 0 else { throw .unreadable(source.path, errno) }
        guard chmod(folder.path, status.st_mode & 0o777 | S_IRWXU) == 0 else { throw .unwritable(folder.path, errno) }
    }

    private static func copyFolder(
        from source: URL, to destination: URL, _ links: FolderLinks, where counts: (String) -> Bool
    ) throws(ModelError) {
        let manager = FileManager.default
        guard let names = try? manager.contentsOfDirectory(atPath: source.path) else {
            throw ModelError(
                .unreadable, "the folder '\(source.path)' cannot be read", hint: "check that you may read it")
        }
        for name in names.sorted() {
            let item = source.appendingPathComponent(name)
            var status = stat()
            let isFolder = stat(item.path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            if isFolder ? skippedFolders.contains(name) : !counts(name) { continue }
            if case .link(let target) = try links.answer(for: item) {
                let place = destination.appendingPathComponent(name).path
                guard symlink(target, place) == 0 else { throw .unwritable(place, errno) }
                continue
            }
            guard isFolder else {
                try copyFile(name, from: source, to: destination)
                continue
            }
            // A link to a folder could lead back here and go on for ever.
            guard (try? manager.destinationOfSymbolicLink(atPath: item.path)) == nil else {
                throw ModelError(
                    .unreadable, "'\(item.path)' is a link to a folder, which is not copied",
                    hint: "put the folder itself there, or remove the link")
            }
            let inner = destination.appendingPathComponent(name)
            guard mkdir(inner.path, 0o777) == 0 || errno == EEXIST else { throw .unwritable(inner.path, errno) }
            try copyFolder(from: item, to: inner, links, where: counts)
        }
        try copyMode(of: source, to: destination)
    }

    private static func checkOutput(_ output: URL) throws(ModelError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: output.path, isDirectory: &isFolder) else { return }
        guard isFolder.boolValue else {
            throw ModelError(
                .outputPlace, "the output place '\(output.path)' is a file, not a folder",
                hint: "choose a folder that does not exist yet")
        }
        let items = (try? FileManager.default.contentsOfDirectory(atPath: output.path)) ?? []
        if let first = items.min() {
            throw ModelError(
                .outputPlace, "the output folder '\(output.path)' is not empty: it holds '\(first)'",
                hint: "choose a folder that does not exist yet, or empty it")
        }
    }
}
