import EtcdClient
import GRPC
import NIOCore

/// The members behind the proxy: connections for the calls that it makes.
///
/// The client's event loop is that of the proxy, so that a call and its connection need no lock and
/// no change of thread.
final class Upstream: @unchecked Sendable {  // used on `eventLoop` only
    let client: EtcdClient
    let eventLoop: any EventLoop
    /// Larger requests are refused before they are sent.
    let sendBytesMax: Int

    /// A wait for a connection is renewed after this time.
    private static let waitTime = TimeAmount.seconds(60)

    init(client: EtcdClient, eventLoop: any EventLoop, sendBytesMax: Int) {
        self.client = client
        self.eventLoop = eventLoop
        self.sendBytesMax = sendBytesMax
    }

    /// Calls `body` with a connection, at once if one is open. Fails when no endpoint can be reached.
    ///
    /// - Parameter slot: the slot of the last attempt, taken only if there is no other.
    func connection(
        avoiding slot: Int?, _ body: @escaping (Result<RelayConnection, GRPCStatus>) -> Void
    ) {
        if let open = client.openRelayConnection(avoiding: slot) { return body(.success(open)) }
        if let failure = client.unreachability {
            return eventLoop.execute(bound(body, .failure(failure)))
        }
        wait(avoiding: slot, body)
    }

    /// As `connection`, but waits for the next dial although the last one of each endpoint has failed.
    func wait(
        avoiding slot: Int?, _ body: @escaping (Result<RelayConnection, GRPCStatus>) -> Void
    ) {
        if let open = client.openRelayConnection(avoiding: slot) { return body(.success(open)) }
        let bound = NIOLoopBound(body, eventLoop: eventLoop)
        let (client, eventLoop) = (client, eventLoop)
        Task {
            let result: Result<RelayConnection, GRPCStatus>
            do throws(EtcdClientError) {
                result = .success(
                    try await client.relayConnection(avoiding: slot, until: .now() + Self.waitTime))
            } catch {
                result = .failure(GRPCStatus(error))
            }
            eventLoop.execute { bound.value(result) }
        }
    }

    private func bound(
        _ body: @escaping (Result<RelayConnection, GRPCStatus>) -> Void,
        _ result: Result<RelayConnection, GRPCStatus>
    ) -> @Sendable () -> Void {
        let bound = NIOLoopBound(body, eventLoop: eventLoop)
        return { bound.value(result) }
    }
}
