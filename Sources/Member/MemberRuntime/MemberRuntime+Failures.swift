package import EtcdAPI
package import MVCC

/// Damage that a read of the state finds, on any thread: later reads could be wrong, so the member
/// stops, and the current request gets an error.
extension MemberRuntime {
    /// The error for the client of a read that failed.
    package func clientError(for error: ReadError) -> EtcdError {
        switch error {
        case .refused(let refusal): refusal
        case .failed(let failure): stop(becauseOf: failure)
        }
    }

    /// Stops the member, whose database is damaged; returns the error for the client.
    package func stop(becauseOf failure: StoreError) -> EtcdError {
        member.fail("the database cannot be read: \(failure)")
        return .stopped
    }
}
