// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Files that Git left as pointers, because Git LFS was not installed when the model was cloned.
enum GitLFS {
    /// Pointers are smaller than this (the format's limit).
    private static let largestPointer = 1024
    private static let beginning = "version https://git-lfs.github.com/spec/v1"

    /// Refuses a pointer by name. Every reader of a file of a model folder asks before it looks at the format.
    static func refuse(_ bytes: UnsafeRawBufferPointer, path: String) throws(ModelError) {
        guard bytes.count < largestPointer, bytes.starts(with: beginning.utf8) else { return }
        throw ModelError(
            .gitLFSPointer, "'\(path)' is a Git LFS pointer, not the file itself",
            hint: "install Git LFS and run `git lfs pull` in the folder, or download the file again")
    }

    static func refuse(_ data: Data, path: String) throws(ModelError) {
        let outcome: Result<Void, ModelError> = data.withUnsafeBytes { bytes in
            do throws(ModelError) {
                return .success(try refuse(bytes, path: path))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }
}
