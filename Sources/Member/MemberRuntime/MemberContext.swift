import MonotonicClock
import Stages

/// What the threads of one member share to perform effects.
///
/// Any thread may use it, by the rules of each part.
struct MemberContext: Sendable {
    let configuration: MemberConfiguration
    let status: PublishedStatus
    let admission: Admission
    let queues: MemberQueues
    let transport: any MessageTransport
    let observer: any RuntimeObserver

    /// Stops the member: its responses could be wrong from now on.
    func fail(_ reason: String) {
        if status.recordFailure() { observer.failed(reason) }
    }

    /// Proposes this member's NOSPACE alarm; again only if the proposal was lost.
    func raiseSpaceAlarm() {
        let alarm = admission.spaceAlarm(of: status.replica.id, now: MonotonicTime.now())
        if let alarm { queues.consensus.post(.own(alarm)) }
    }

    /// Proposes to end this member's NOSPACE alarm; again only if the proposal was lost.
    ///
    /// - Parameter countedBytes: what counts against the quota, for the log.
    func endSpaceAlarm(countedBytes: Int) {
        let end = admission.spaceAlarmEnd(of: status.replica.id, now: MonotonicTime.now())
        guard let end else { return }
        observer.endsSpaceAlarm(countedBytes: countedBytes)
        queues.consensus.post(.own(end))
    }
}
