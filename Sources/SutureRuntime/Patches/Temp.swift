import Foundation
import SutureKit
enum PatchStore { static func write(_ p: Patch, of: ResolvedExperiment, model: URL, to: URL) throws {}
static func read(_ u: URL) throws -> Patch { Patch() } }
