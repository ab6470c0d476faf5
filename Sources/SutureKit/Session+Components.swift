// SPDX-License-Identifier: Apache-2.0

import CSuture

extension Session {
    /// Calls the component that an experiment file names as a setting of this one. It runs in a session of its own: on the given
    /// model, with a store and settings of its own. The protocol of each kind offers this under a name of its own.
    ///
    /// - Parameter model: nil: ``model``.
    /// - Throws: an error of the component, and values of its that cannot be read.
    package func call(
        _ component: ComponentReference, _ call: ComponentCall, on model: Model?
    ) throws(SutureError) -> ComponentResults {
        let arena = CArena()
        let results = ComponentResults(of: component.slot, call)
        var sink = results.sink
        var call = call
        call.model = model?.handle
        let table = try Host.sessions()
        let error = withExtendedLifetime((arena, results, model)) {
            table.pointee.call(handle, component.slot, call.c(in: arena), &sink)
        }
        try Host.check(error)
        return results
    }
}
