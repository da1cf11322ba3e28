/// The store's interface to the leases: the lease of a key, and notifications of its changes.
///
/// Called by the thread that opens the store, then by the apply thread, inside the store's write
/// lock: implementations must not call the store. Pointers are valid during the call.
package protocol LeaseBinding: AnyObject {
    /// The lease a live key is attached to, 0 for none.
    func lease(of key: UnsafeRawBufferPointer) -> Int64

    /// Attaches a key to a lease. A lease that does not exist is ignored.
    func attach(_ key: UnsafeRawBufferPointer, to lease: Int64)

    /// Detaches a key from a lease.
    func detach(_ key: UnsafeRawBufferPointer, from lease: Int64)
}
