import Stages

/// What the threads of one member share: the places where effects go.
///
/// All of it may be used by any thread by its own rules.
struct MemberParts: Sendable {
    let settings: MemberSettings
    let status: PublishedStatus
    let admission: Admission
    let queues: MemberQueues
    let carrier: any MessageCarrier
    let observer: any RuntimeObserver

    /// Stops the member: what it would answer from now on could be wrong.
    func fail(_ reason: String) {
        if status.noteFailure() { observer.failed(reason) }
    }

    /// Has this member's alarm about its full database raised; again only if that was lost.
    func raiseSpaceAlarm() {
        let alarm = admission.spaceAlarm(of: status.replica.id, now: monotonicMilliseconds())
        if let alarm { queues.consensus.post(.own(alarm)) }
    }
}
