import Identifiers
import Raft

/// Feeds arbitrary bytes to the decoders of membership changes and, as messages of a peer, to a
/// member of three. Nothing may trap; decoded changes must survive encoding and decoding.
package func fuzzRaft(_ input: UnsafeRawBufferPointer) {
    let bytes = Array(input)
    if let change = ConfChange(decoding: bytes) {
        precondition(ConfChange(decoding: change.encoded) == change, "a change survives")
    }
    if let change = ConfChangeV2(decoding: bytes) {
        precondition(ConfChangeV2(decoding: change.encoded) == change, "a change survives")
    }
    var state = RestoredState.empty
    state.confState.voters = [MemberID(1), MemberID(2), MemberID(3)]
    guard
        var machine = try? RaftMachine(
            RaftConfiguration(id: MemberID(1), seed: 1), restoring: state)
    else { preconditionFailure("an empty state can always be restored") }
    var source = MessageSource(bytes: bytes[...])
    while let message = source.next() {
        do {
            try machine.step(message)
        } catch StepError.brokenInvariant {
            return
        } catch {
            // Refused: the message is dropped, the member continues.
        }
        if source.wantsTick { machine.tick() }
        perform(machine.takeReady(), on: &machine)
    }
}

/// Performs at once what a `Ready` requests.
private func perform(_ ready: Ready, on machine: inout RaftMachine) {
    if let write = ready.write {
        machine.persisted(through: write.number)
        if let snapshot = write.snapshot { machine.applied(to: snapshot.index) }
    }
    if let last = ready.committed.last { machine.applied(to: last.index) }
}

/// Makes messages from bytes: mostly small numbers, since only these reach deep states.
private struct MessageSource {
    var bytes: ArraySlice<UInt8>
    var wantsTick = false

    mutating func next() -> Message? {
        guard let kind = bytes.popFirst(), let type = MessageType(rawValue: kind & 31),
            let flags = bytes.popFirst()
        else { return nil }
        wantsTick = flags & 1 != 0
        var message = Message(type: type, to: MemberID(1), from: MemberID(number() & 7))
        message.term = Term(number())
        message.logTerm = Term(number())
        message.index = LogIndex(number())
        message.commit = LogIndex(number())
        message.rejectHint = LogIndex(number())
        message.isRejected = flags & 2 != 0
        message.entries = (0..<UInt64(flags >> 6)).map { offset in
            Entry(
                term: Term(number()), index: LogIndex(message.index.rawValue &+ offset &+ 1),
                type: EntryType(rawValue: flags >> 4 & 3) ?? .normal, data: [kind])
        }
        if flags & 4 != 0 { message.context = Array(bytes.prefix(8)) }
        if type == .snapshot {
            let voters = [MemberID(1), MemberID(number() & 3)]
            message.snapshot = Snapshot(
                index: LogIndex(number()), term: Term(number()),
                confState: ConfState(voters: voters))
        }
        return message
    }

    /// One byte as a number; 255 is followed by a number of eight bytes.
    private mutating func number() -> UInt64 {
        guard let byte = bytes.popFirst() else { return 0 }
        if byte < 255 { return UInt64(byte) }
        var value: UInt64 = 0
        for _ in 0..<8 {
            value = value << 8 | UInt64(bytes.popFirst() ?? 0)
        }
        return value
    }
}
