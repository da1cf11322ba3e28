package import EtcdAPI
package import MVCC
package import StateMachine

/// Damage that a read of the state meets, on whatever thread: what would be read from now on could
/// be wrong, so the member stops, and the request in hand is answered with an error.
extension ReplicaRuntime {
    /// What the client of a read that was not carried out is told.
    package func refusal(of error: ReadError) -> EtcdError {
        switch error {
        case .refused(let refusal): refusal
        case .failed(let failure): stop(becauseOf: failure)
        }
    }

    /// Stops the member, whose state cannot go on; gives what a client is told.
    package func refusal(of failure: StateError) -> EtcdError {
        member.fail("a request cannot be carried out: \(failure)")
        return .stopped
    }

    /// Stops the member, whose database is damaged; gives what a client is told.
    package func stop(becauseOf failure: StoreError) -> EtcdError {
        member.fail("the database cannot be read: \(failure)")
        return .stopped
    }
}
