package import EtcdAPI
internal import GRPC
internal import SwiftProtobuf

/// The messages of one RangeStream call as they come, for the command lines of this package.
package struct RangeStreamMessages: AsyncSequence, Sendable {
    package typealias Element = Etcdserverpb_RangeResponse

    let client: EtcdClient
    let request: [UInt8]

    package func makeAsyncIterator() -> Iterator { Iterator(client: client, request: request) }

    package struct Iterator: AsyncIteratorProtocol {
        let client: EtcdClient
        let request: [UInt8]
        private var stream: ClusterCalls.Stream?

        init(client: EtcdClient, request: [UInt8]) {
            self.client = client
            self.request = request
        }

        package mutating func next() async throws(EtcdClientError) -> Etcdserverpb_RangeResponse? {
            let stream = try await opened()
            let bytes: [UInt8]?
            do throws(GRPCStatus) {
                bytes = try await stream.stream.next()
            } catch {
                throw client.cluster.failed(EtcdClientError(error), stream)
            }
            guard let bytes else { return nil }
            let message: Etcdserverpb_RangeStreamResponse = try ClusterCalls.decoded(bytes)
            return message.rangeResponse
        }

        private mutating func opened() async throws(EtcdClientError) -> ClusterCalls.Stream {
            if let stream { return stream }
            let opened = try await client.cluster.stream(.rangeStream)
            opened.stream.send(request)
            opened.stream.halfClose()
            stream = opened
            return opened
        }
    }
}

extension EtcdClient {
    /// Reads a range message by message.
    package func rangeStream(_ request: Etcdserverpb_RangeRequest) -> RangeStreamMessages {
        RangeStreamMessages(
            client: self, request: (try? request.serializedBytes()) ?? [])
    }
}
