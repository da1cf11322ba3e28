import Identifiers
import PeerTransport
import Raft
import Testing

/// Members of which only one can connect to the other, for example because the other's certificate
/// names another address.
@Suite struct OneWayTests {
    @Test func messagesUseTheStreamThatTheOtherMemberHasOpened() async throws {
        let refused = try await TestMember(1)
        let other = try await TestMember(2)
        let nobody = try await TestMember(3)
        let closedURL = nobody.url
        try await nobody.stop()
        refused.transport.addPeer(other.id, urls: [closedURL])
        #expect(!refused.transport.canSend(to: other.id))
        other.transport.addPeer(refused.id, urls: [refused.url])
        // The dials that fail make it inactive, as in etcd; it can be sent to nevertheless.
        #expect(
            try await eventually {
                refused.transport.canSend(to: other.id)
                    && refused.transport.activeSince(other.id) == nil
            })
        let message = Raft.Message(
            type: .heartbeatResponse, to: other.id, from: refused.id, term: 1)
        refused.transport.send([message])
        #expect(
            try await eventually {
                other.delegate.read { $0.messages.contains { $0.type == .heartbeatResponse } }
            })
        try await other.stop()
        // Nothing is left to send on.
        #expect(try await eventually { !refused.transport.canSend(to: other.id) })
        try await refused.stop()
    }
}
