import StatusCodes
import Testing

@testable import EtcdAPI

@Suite("Errors returned to clients")
struct EtcdErrorTests {
    @Test("63 distinct listed errors, each with etcd's prefix")
    func complete() {
        let texts = EtcdError.listed.map(\.message)
        #expect(texts.count == 63)
        #expect(Set(texts).count == texts.count)
        #expect(texts.allSatisfy { $0.hasPrefix("etcdserver: ") })
    }

    @Test("number of errors of each code")
    func codes() {
        let counts = Dictionary(grouping: EtcdError.listed, by: \.code).mapValues(\.count)
        #expect(
            counts == [
                .invalidArgument: 18, .outOfRange: 3, .resourceExhausted: 1, .notFound: 2,
                .failedPrecondition: 23, .canceled: 2, .unknown: 2, .permissionDenied: 1,
                .unauthenticated: 1, .unavailable: 8, .dataLoss: 1, .deadlineExceeded: 1,
            ])
    }

    @Test("two errors are sent with the code Unknown, as by etcd")
    func unknownOnTheWire() {
        #expect(EtcdError.tooManyRequests.code == .unknown)
        #expect(EtcdError.memberNotEnoughStarted.code == .unknown)
    }

    @Test("texts with and without prefix, and in Go's format")
    func texts() {
        #expect(
            EtcdError.compacted.message == "etcdserver: mvcc: required revision has been compacted")
        #expect(EtcdError.compacted.bareMessage == "mvcc: required revision has been compacted")
        #expect(EtcdError.electionNoLeader.bareMessage == "election: no leader")
        #expect(
            EtcdError.permissionDenied.goDescription
                == "rpc error: code = PermissionDenied desc = etcdserver: permission denied")
        #expect(EtcdError.listed(message: "etcdserver: too many requests") == .tooManyRequests)
        #expect(EtcdError.listed(message: "other") == nil)
        #expect(
            EtcdError.messageTooLarge(sizeBytes: 3, bytesMax: 2).message
                == "grpc: received message larger than max (3 vs. 2)")
    }

    @Test("the 17 gRPC codes and the gateway's HTTP statuses")
    func statusCodes() {
        #expect(StatusCode.allCases.map(\.rawValue) == Array(0...16))
        #expect(
            StatusCode.allCases.map(\.httpStatus)
                == [
                    200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500,
                    401,
                ])
    }
}
