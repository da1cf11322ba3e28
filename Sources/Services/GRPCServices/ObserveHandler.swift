internal import EtcdAPI
internal import GRPC
internal import Identifiers
internal import NIOCore

/// Election.Observe: streams the current leader and all further leaders and proclamations; a client
/// that does not read gets the newest one once it does. Owned by the call's event loop.
final class ObserveHandler: GRPCCallHandler {
    private let context: ServiceContext
    private var task: Task<Void, Never>?
    private var unsent: V3electionpb_LeaderResponse?

    init(context: ServiceContext) { self.context = context }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        guard task == nil else { return }
        guard let request = try? V3electionpb_LeaderRequest(serializedBytes: message) else {
            return call.finish(.undecodable)
        }
        let queue = OwnershipQueue(InProcessClient(call, context), name: request.name)
        let handler = NIOLoopBound(self, eventLoop: call.eventLoop)
        task = Self.start(queue, call) { response in
            call.eventLoop.execute { handler.value.report(response, call) }
        }
    }

    func receiveHalfClose(on call: GRPCServerCall) {}

    func becameWritable(_ call: GRPCServerCall) {
        guard let response = unsent else { return }
        unsent = nil
        call.send(response)
    }

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        task?.cancel()
        unsent = nil
    }

    /// Sends a leader, now or when the call is writable unless a newer one replaces it.
    private func report(_ response: V3electionpb_LeaderResponse, _ call: GRPCServerCall) {
        guard !call.isClosed else { return }
        if call.isWritable { call.send(response) } else { unsent = response }
    }
}

/// The task that follows an election.
extension ObserveHandler {
    private typealias Report = @Sendable (V3electionpb_LeaderResponse) -> Void

    private static func start(
        _ queue: OwnershipQueue, _ call: GRPCServerCall, _ report: @escaping Report
    ) -> Task<Void, Never> {
        Task { @Sendable in await run(queue, call, report) }
    }

    private static func run(
        _ queue: OwnershipQueue, _ call: GRPCServerCall, _ report: Report
    ) async {
        do {
            try await observe(queue, report)
        } catch is EtcdError {
            // An internal error ends the stream without an error status, as in etcd.
            call.eventLoop.execute { call.finish() }
        } catch {
            call.eventLoop.execute { call.finish(.canceled) }
        }
    }

    private static func observe(_ queue: OwnershipQueue, _ report: Report) async throws {
        var from = Revision.zero
        while !Task.isCancelled {
            var (pair, header) = try await queue.owner()
            if pair == nil {
                let next = max(from, Revision(header.revision).next)
                for try await change in try await queue.client.changes(
                    key: queue.prefix, end: queue.end, from: next) where !change.isDeletion
                { break }
                (pair, header) = try await queue.owner()
            }
            guard let pair else { continue }
            report(V3electionpb_LeaderResponse(pair, header))
            from = try await follow(
                Array(pair.key), after: Revision(header.revision), queue, report)
        }
    }

    /// Sends the proclamations of one leader until its key is deleted.
    private static func follow(
        _ key: [UInt8], after revision: Revision, _ queue: OwnershipQueue, _ report: Report
    ) async throws -> Revision {
        for try await change in try await queue.client.changes(
            key: key, end: [], from: revision.next
        ) {
            guard !change.isDeletion else { return change.revision.main }
            let (pair, header) = try await queue.client.watchedPair(
                of: key, at: change.revision.main)
            if let pair { report(V3electionpb_LeaderResponse(pair, header)) }
        }
        try Task.checkCancellation()
        throw EtcdError.lostWatcher
    }
}
