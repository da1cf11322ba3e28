/// What the store needs from the leases: which lease a key hangs on, and to say when that changes.
///
/// Called by the thread that opens the store, then by the apply thread, inside the store's write
/// lock: the calls must not come back to the store. Pointers are valid during the call.
package protocol LeaseBinding: AnyObject {
    /// The lease a live key is attached to, 0 for none.
    func lease(of key: UnsafeRawBufferPointer) -> Int64

    /// The key hangs on the lease from now on. A lease that does not exist is ignored.
    func attach(_ key: UnsafeRawBufferPointer, to lease: Int64)

    /// The key does not hang on the lease any more.
    func detach(_ key: UnsafeRawBufferPointer, from lease: Int64)
}
