package import Identifiers

/// The auth state after each entry, so that any response of any member can be checked against the
/// state that it is of.
package struct AuthHistory: Sendable {
    private var states: [(index: LogIndex, state: AuthModel)] = [(.zero, AuthModel())]

    package init() {}

    package var newest: AuthModel { states[states.count - 1].state }

    /// The state after an entry.
    package func state(after index: LogIndex) -> AuthModel {
        var (low, high) = (0, states.count)
        while low < high {
            let middle = (low + high) / 2
            if states[middle].index <= index { low = middle + 1 } else { high = middle }
        }
        return states[low - 1].state
    }

    /// Applies a request about users, in the order of the log.
    ///
    /// - Parameter succeeded: whether the member that applied it first says so.
    package mutating func apply(
        _ change: AuthChange, by caller: ModelledCaller, at index: LogIndex, succeeded: Bool
    ) throws(Finding) {
        var state = newest
        let expected = state.apply(change, by: caller)
        guard expected == succeeded else {
            throw Finding(
                "\(change) by \(caller) \(succeeded ? "succeeds" : "is refused"), at auth revision "
                    + "\(newest.revision), \(newest.isEnabled ? "enabled" : "disabled")")
        }
        if state != newest { states.append((index, state)) }
    }

    /// Requires that a caller was refused if, and only if, it lacks the permission.
    package static func require(
        _ isPermitted: Bool, isRefused: Bool, _ what: @autoclosure () -> String,
        by caller: ModelledCaller, in state: AuthModel
    ) throws(Finding) {
        guard isPermitted == isRefused else { return }
        throw Finding(
            "\(what()) by \(caller) is \(isRefused ? "refused" : "permitted"), at auth revision "
                + "\(state.revision), roles "
                + "\((caller.user.flatMap { state.users[$0] } ?? []).sorted())")
    }
}
