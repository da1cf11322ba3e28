import Identifiers
import Testing

@testable import Raft

/// Encoding of configuration changes.
@Suite struct ConfChangeWireTests {
    @Test func writesFieldsInOrder() {
        let change = ConfChange(id: 5, type: .addLearner, member: MemberID(0x1234), context: [0x78])
        #expect(change.encoded == [0x08, 5, 0x10, 3, 0x18, 0xB4, 0x24, 0x22, 1, 0x78])
        #expect(ConfChange(decoding: change.encoded) == change)
        let initial = ConfChange(type: .addVoter, member: MemberID(1), context: [])
        #expect(initial.encoded == [0x10, 0, 0x18, 1])
    }

    @Test func decodesEncodingOfOlderMembers() {
        // All scalars are present, zeros too, and an unknown field is skipped.
        let bytes: [UInt8] = [0x08, 0, 0x10, 1, 0x18, 9, 0x22, 0, 0xFA, 0x01, 1, 7]
        #expect(
            ConfChange(decoding: bytes) == ConfChange(type: .remove, member: MemberID(9)))
    }

    @Test func confChangeV2RoundTrips() {
        let change = ConfChangeV2(
            transition: .jointExplicit,
            changes: [
                ConfChangeSingle(type: .addVoter, member: MemberID(.max)),
                ConfChangeSingle(type: .remove, member: MemberID(2)),
            ], context: [1, 2])
        #expect(ConfChangeV2(decoding: change.encoded) == change)
        #expect(ConfChangeV2.leaveJoint.encoded.isEmpty)
        #expect(ConfChangeV2(decoding: [])?.effect == .leaveJoint)
    }

    @Test(
        arguments: [
            [0x08], [0x10, 9], [0x10, 0x80], [0x22, 5, 1], [0x18, 0xFF, 0xFF], [0x00, 1], [0x0B],
            [0x12, 0], [0x20, 1], [0x22, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
        ] as [[UInt8]]) func rejectsMalformed(bytes: [UInt8])
    {
        #expect(ConfChange(decoding: bytes) == nil)
    }

    @Test func handlesArbitraryInput() {
        var random = TestRandom(seed: 3)
        for _ in 0..<20_000 {
            let bytes = (0..<random.below(24)).map { _ in UInt8(random.below(40)) }
            if let change = ConfChange(decoding: bytes) {
                #expect(ConfChange(decoding: change.encoded) == change, "\(bytes)")
            }
            if let change = ConfChangeV2(decoding: bytes) {
                #expect(ConfChangeV2(decoding: change.encoded) == change, "\(bytes)")
            }
        }
    }
}
