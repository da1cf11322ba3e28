/// What happens at one virtual time.
enum SimulationEvent {
    case tick(host: Int, run: Int)
    case lane(Lane, host: Int, run: Int)
    /// The next slice of a log's next segment.
    case prepareSegment(host: Int, run: Int)
    case arrive(Packet)
    /// The next piece of a snapshot on its way.
    case transfer(Int)
    /// A sender learns that its messages to another member get lost.
    case unreachable(host: Int, run: Int, target: UInt64)
    case start(host: Int)
    /// A starting member looks whether others are up.
    case lookForPeers(host: Int, run: Int, looks: Int)
    /// The next fault of a kind.
    case fault(FaultKind)
    /// What a fault changed is as before.
    case heal(Int)
    /// A client begins to read slowly, or goes on.
    case beginSlowRead
    case readSlowly(host: Int, run: Int)
    /// A client thinks of something to do.
    case client(Int)
    /// A holder of a lease thinks of its lease.
    case hold(Int)
    /// A client looks at its watch.
    case look(Int)
    case request(CallNumber)
    /// A leader takes its next step for a call about a lease.
    case lease(CallNumber)
    /// A leader renews the leases that have gathered.
    case renewals(host: Int, run: Int)
    /// A read that was released is carried out.
    case serve(CallNumber)
    case answer(CallNumber, CallAnswer)
    /// The client does not wait any longer.
    case giveUp(CallNumber)
    case administrate
    case compactNewest(host: Int)
    /// The leader and the operator look at the versions.
    case watchVersions
    /// A removed member ends.
    case retire(host: Int)
    /// A host's member has to answer a put, now that faults have ended.
    case probe(host: Int)
    case compareHashes
}
