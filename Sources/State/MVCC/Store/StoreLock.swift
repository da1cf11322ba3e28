/// The store's lock with the state that it guards; the compiler checks its use.
///
/// The lock alone has the state's memory, and lends the state while it is held: as `borrowing` for
/// reading, as `inout` for writing. The state cannot be copied, so no use outlives the hold. A use
/// without a hold does not compile, nor does a change while the lock is held for reading. A
/// function that needs the lock takes the state or is a method of it, a `mutating` one if it needs
/// the lock for writing.
///
/// There are many readers, and each holds it for a bounded slice; the writers are the apply thread
/// and, briefly, the backend thread. The apply thread holds it over several calls: `hold` begins
/// that, and the functions named `OrHold` use the state within it.
///
/// Not checked by the compiler: that `hold` and those functions are called by the apply thread only,
/// and that a body does not use the store's lock again.
struct StoreLock: ~Copyable, @unchecked Sendable {
    // `@unchecked Sendable`: the state is lent only while the lock is held.
    private let guarded: UnsafeMutablePointer<Guarded>

    fileprivate struct Guarded: ~Copyable {
        let lock = ReadersWriterLock()
        /// Whether a `WriteHold` exists. Owned by the apply thread.
        var isHeld = false
        var state: StoreState
    }

    init(_ state: consuming StoreState) {
        guarded = .allocate(capacity: 1)
        guarded.initialize(to: Guarded(state: state))
    }

    deinit {
        guarded.deinitialize(count: 1)
        guarded.deallocate()
    }

    /// Runs `body` with the lock held for reading.
    @inline(__always)
    func withReadLock<Result: ~Copyable, Failure: Error>(
        _ body: (borrowing StoreState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guarded.pointee.lock.lockForReading()
        defer { guarded.pointee.lock.unlock() }
        return try body(guarded.pointee.state)
    }

    /// Runs `body` with the lock held for writing.
    @inline(__always)
    func withWriteLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout StoreState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guarded.pointee.lock.lockForWriting()
        defer { guarded.pointee.lock.unlock() }
        return try body(&guarded.pointee.state)
    }

    /// As `withReadLock`, or within the present hold. Apply thread only.
    @inline(__always)
    func withReadLockOrHold<Result: ~Copyable, Failure: Error>(
        _ body: (borrowing StoreState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard guarded.pointee.isHeld else { return try withReadLock(body) }
        return try body(guarded.pointee.state)
    }

    /// As `withWriteLock`, or within the present hold. Apply thread only.
    @inline(__always)
    func withWriteLockOrHold<Result: ~Copyable, Failure: Error>(
        _ body: (inout StoreState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard guarded.pointee.isHeld else { return try withWriteLock(body) }
        return try body(&guarded.pointee.state)
    }

    /// Holds the lock for writing over several calls, until the result's `end`. A hold within
    /// another is a part of it. Apply thread only.
    @inline(__always)
    func hold() -> WriteHold {
        let isOutermost = !guarded.pointee.isHeld
        if isOutermost {
            guarded.pointee.lock.lockForWriting()
            guarded.pointee.isHeld = true
        }
        return WriteHold(guarded, isOutermost: isOutermost)
    }
}

/// The lock held for writing by the apply thread. Only the lock makes one, it cannot be copied, and
/// `end` consumes it: it ends once, and gives no access afterwards. It does not retain the store.
struct WriteHold: ~Copyable {
    private let guarded: UnsafeMutablePointer<StoreLock.Guarded>
    /// Whether the lock is released with it.
    private let isOutermost: Bool

    @inline(__always)
    fileprivate init(_ guarded: UnsafeMutablePointer<StoreLock.Guarded>, isOutermost: Bool) {
        self.guarded = guarded
        self.isOutermost = isOutermost
    }

    deinit {
        precondition(false, "a hold of the write lock is ended")
    }

    /// The guarded state.
    var state: StoreState {
        @inline(__always) _read { yield guarded.pointee.state }
        @inline(__always) _modify { yield &guarded.pointee.state }
    }

    @inline(__always)
    consuming func end() {
        if isOutermost {
            guarded.pointee.isHeld = false
            guarded.pointee.lock.unlock()
        }
        discard self
    }
}
