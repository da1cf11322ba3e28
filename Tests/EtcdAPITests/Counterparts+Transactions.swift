import Disk

@testable import EtcdAPI

extension Compare: Counterpart {
    init(_ from: Etcdserverpb_Compare) {
        let operand: Operand =
            switch from.targetUnion {
            case nil: .none
            case .version(let number): .version(number)
            case .createRevision(let number): .createRevision(number)
            case .modRevision(let number): .modRevision(number)
            case .value(let bytes): .value(slice(bytes))
            case .lease(let number): .lease(number)
            }
        self.init(
            result: .init(rawValue: Int32(from.result.rawValue)),
            target: .init(rawValue: Int32(from.target.rawValue)), key: slice(from.key),
            operand: operand, rangeEnd: slice(from.rangeEnd))
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_Compare {
        .with {
            $0.result = [.equal, .greater, .notEqual, .UNRECOGNIZED(77)][Int(random.next() % 4)]
            $0.target = [.version, .lease, .value, .UNRECOGNIZED(-2)][Int(random.next() % 4)]
            $0.key = random.data()
            $0.rangeEnd = random.data()
            switch random.next() % 6 {
            case 0: $0.version = random.int64()
            case 1: $0.createRevision = random.int64()
            case 2: $0.modRevision = random.int64()
            case 3: $0.value = random.data()
            case 4: $0.lease = random.int64()
            default: break
            }
        }
    }
}

extension RequestOp: Counterpart {
    init(_ from: Etcdserverpb_RequestOp) {
        switch from.request {
        case nil: self = .none
        case .requestRange(let request): self = .range(.init(request))
        case .requestPut(let request): self = .put(.init(request))
        case .requestDeleteRange(let request): self = .deleteRange(.init(request))
        case .requestTxn(let request): self = .txn(.init(request))
        }
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_RequestOp {
        .with {
            switch random.next() % 8 {
            case 0, 1: $0.requestRange = RangeRequest.random(&random)
            case 2, 3: $0.requestPut = PutRequest.random(&random)
            case 4, 5: $0.requestDeleteRange = DeleteRangeRequest.random(&random)
            case 6: $0.requestTxn = TxnRequest.random(&random)
            default: break
            }
        }
    }
}

extension TxnRequest: Counterpart {
    init(_ from: Etcdserverpb_TxnRequest) {
        self.init(
            compare: from.compare.map { Compare($0) }, success: from.success.map { RequestOp($0) },
            failure: from.failure.map { RequestOp($0) })
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_TxnRequest {
        .with {
            $0.compare = random.list { Compare.random(&$0) }
            $0.success = random.list { RequestOp.random(&$0) }
            $0.failure = random.list { RequestOp.random(&$0) }
        }
    }
}

extension RequestHeader: Counterpart {
    init(_ from: Etcdserverpb_RequestHeader) {
        self.init(id: from.id, username: from.username, authRevision: from.authRevision)
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_RequestHeader {
        .with {
            $0.id = random.uint64()
            $0.username = random.text()
            $0.authRevision = random.uint64()
        }
    }
}

extension InternalRaftRequest: Counterpart {
    init(_ from: Etcdserverpb_InternalRaftRequest) {
        self.init(
            id: from.id, header: from.hasHeader ? RequestHeader(from.header) : nil,
            payload: Self.payload(from))
    }

    private static func payload(_ from: Etcdserverpb_InternalRaftRequest) -> Payload {
        if from.hasRange { return .range(.init(from.range)) }
        if from.hasPut { return .put(.init(from.put)) }
        if from.hasDeleteRange { return .deleteRange(.init(from.deleteRange)) }
        if from.hasTxn { return .txn(.init(from.txn)) }
        if from.hasCompaction { return .compaction(.init(from.compaction)) }
        if from.hasLeaseGrant { return .leaseGrant(.init(from.leaseGrant)) }
        if from.hasLeaseRevoke { return .leaseRevoke(.init(from.leaseRevoke)) }
        if from.hasAuthUserAdd {
            let bytes: [UInt8] = (try? from.authUserAdd.serializedBytes()) ?? []
            return .other(field: Field.authUserAdd, bytes: bytes[...])
        }
        if from.hasAlarm {
            let bytes: [UInt8] = (try? from.alarm.serializedBytes()) ?? []
            return .other(field: Field.alarm, bytes: bytes[...])
        }
        return .none
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_InternalRaftRequest {
        .with {
            $0.id = random.uint64()
            if random.flip() { $0.header = RequestHeader.random(&random) }
            switch random.next() % 10 {
            case 0: $0.range = RangeRequest.random(&random)
            case 1: $0.put = PutRequest.random(&random)
            case 2: $0.deleteRange = DeleteRangeRequest.random(&random)
            case 3: $0.txn = TxnRequest.random(&random)
            case 4: $0.compaction = CompactionRequest.random(&random)
            case 5: $0.leaseGrant = LeaseGrantRequest.random(&random)
            case 6: $0.leaseRevoke = LeaseRevokeRequest.random(&random)
            case 7: $0.authUserAdd = .with { $0.name = random.text() }
            case 8: $0.alarm = .with { $0.memberID = random.uint64() }
            default: break
            }
        }
    }
}
