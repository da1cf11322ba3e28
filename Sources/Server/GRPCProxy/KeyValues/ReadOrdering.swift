import EtcdAPI
import GRPC
import NIOCore

/// `--experimental-serializable-ordering`: no serializable read is older than a response that a
/// client has received before through this proxy. An older one is read again from another member.
final class ReadOrdering: @unchecked Sendable {  // used on the proxy's event loop only
    private let upstream: Upstream
    private var newest: Int64 = 0

    private static let attemptsMax = 5
    private static let pause = TimeAmount.milliseconds(100)

    init(upstream: Upstream) {
        self.upstream = upstream
    }

    /// Records the revision of a response.
    func seen(_ result: Result<[UInt8], GRPCStatus>) {
        if case .success(let response) = result {
            newest = max(newest, Self.revision(of: response))
        }
    }

    func read(
        _ request: UpstreamRequest, for call: GRPCServerCall,
        _ completion: @escaping UpstreamCall.Completion
    ) {
        attempt(request, for: call, number: 1, completion)
    }

    private func attempt(
        _ request: UpstreamRequest, for call: GRPCServerCall, number: Int,
        _ completion: @escaping UpstreamCall.Completion
    ) {
        let newest = self.newest
        var attempt: UpstreamCall?
        let started = UpstreamCall.start(request, on: upstream) { result in
            guard !call.isClosed else { return }
            guard case .success(let response) = result, Self.revision(of: response) < newest else {
                self.seen(result)
                return completion(result)
            }
            guard number < Self.attemptsMax else { return completion(.failure(Self.stale)) }
            var next = request
            next.avoidedSlot = attempt?.slot
            let repetition = next
            self.upstream.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
                self.attempt(repetition, for: call, number: number + 1, completion)
            }
        }
        attempt = started
        call.whenClosed { started.cancel() }
    }

    private static let stale = GRPCStatus(
        .unknown,
        "etcdclient: no cluster members have a revision higher than the previously received revision"
    )

    /// The revision in the header of a response; 0 without one.
    static func revision(of response: [UInt8]) -> Int64 {
        var fields = WireFields(response[...])
        guard let header = try? fields.next(), header.number == 1, let bytes = header.bytes else {
            return 0
        }
        return (try? ResponseHeader(decoding: bytes))?.revision ?? 0
    }
}
