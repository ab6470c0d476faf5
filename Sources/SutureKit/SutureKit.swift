@_exported import CSuture
