import Disk

@testable import EtcdAPI

extension RangeRequest: Counterpart {
    init(_ from: Etcdserverpb_RangeRequest) {
        self.init(
            key: slice(from.key), rangeEnd: slice(from.rangeEnd), limit: from.limit,
            revision: from.revision, sortOrder: .init(rawValue: Int32(from.sortOrder.rawValue)),
            sortTarget: .init(rawValue: Int32(from.sortTarget.rawValue)),
            serializable: from.serializable, keysOnly: from.keysOnly, countOnly: from.countOnly,
            minModRevision: from.minModRevision, maxModRevision: from.maxModRevision,
            minCreateRevision: from.minCreateRevision, maxCreateRevision: from.maxCreateRevision)
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_RangeRequest {
        .with {
            $0.key = random.data()
            $0.rangeEnd = random.data()
            $0.limit = random.int64()
            $0.revision = random.int64()
            $0.sortOrder = [.none, .ascend, .descend, .UNRECOGNIZED(-1)][Int(random.next() % 4)]
            $0.sortTarget = [.key, .mod, .value, .UNRECOGNIZED(999)][Int(random.next() % 4)]
            $0.serializable = random.flip()
            $0.keysOnly = random.flip()
            $0.countOnly = random.flip()
            $0.minModRevision = random.int64()
            $0.maxModRevision = random.int64()
            $0.minCreateRevision = random.int64()
            $0.maxCreateRevision = random.int64()
        }
    }
}

extension PutRequest: Counterpart {
    init(_ from: Etcdserverpb_PutRequest) {
        self.init(
            key: slice(from.key), value: slice(from.value), lease: from.lease,
            prevKV: from.prevKv, ignoreValue: from.ignoreValue, ignoreLease: from.ignoreLease)
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_PutRequest {
        .with {
            $0.key = random.data()
            $0.value = random.data()
            $0.lease = random.int64()
            $0.prevKv = random.flip()
            $0.ignoreValue = random.flip()
            $0.ignoreLease = random.flip()
        }
    }
}

extension DeleteRangeRequest: Counterpart {
    init(_ from: Etcdserverpb_DeleteRangeRequest) {
        self.init(key: slice(from.key), rangeEnd: slice(from.rangeEnd), prevKV: from.prevKv)
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_DeleteRangeRequest {
        .with {
            $0.key = random.data()
            $0.rangeEnd = random.data()
            $0.prevKv = random.flip()
        }
    }
}

extension CompactionRequest: Counterpart {
    init(_ from: Etcdserverpb_CompactionRequest) {
        self.init(revision: from.revision, physical: from.physical)
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_CompactionRequest {
        .with {
            $0.revision = random.int64()
            $0.physical = random.flip()
        }
    }
}

extension LeaseGrantRequest: Counterpart {
    init(_ from: Etcdserverpb_LeaseGrantRequest) {
        self.init(ttlSeconds: from.ttl, id: from.id)
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_LeaseGrantRequest {
        .with {
            $0.ttl = random.int64()
            $0.id = random.int64()
        }
    }
}

extension LeaseRevokeRequest: Counterpart {
    init(_ from: Etcdserverpb_LeaseRevokeRequest) {
        self.init(id: from.id)
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_LeaseRevokeRequest {
        .with { $0.id = random.int64() }
    }
}

extension LeaseKeepAliveRequest: Counterpart {
    init(_ from: Etcdserverpb_LeaseKeepAliveRequest) {
        self.init(id: from.id)
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_LeaseKeepAliveRequest {
        .with { $0.id = random.int64() }
    }
}

extension WatchRequest: Counterpart {
    init(_ from: Etcdserverpb_WatchRequest) {
        switch from.requestUnion {
        case nil: self = .none
        case .progressRequest: self = .progress
        case .cancelRequest(let cancel): self = .cancel(.init(watchID: cancel.watchID))
        case .createRequest(let create): self = .create(.init(create))
        }
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_WatchRequest {
        .with {
            switch random.next() % 4 {
            case 0: $0.createRequest = WatchCreateRequest.random(&random)
            case 1: $0.cancelRequest = .with { $0.watchID = random.int64() }
            case 2: $0.progressRequest = .init()
            default: break
            }
        }
    }
}

extension WatchCreateRequest: Counterpart {
    init(_ from: Etcdserverpb_WatchCreateRequest) {
        self.init(
            key: slice(from.key), rangeEnd: slice(from.rangeEnd),
            startRevision: from.startRevision, progressNotify: from.progressNotify,
            filters: from.filters.map { .init(rawValue: Int32($0.rawValue)) },
            prevKV: from.prevKv, watchID: from.watchID, fragment: from.fragment)
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_WatchCreateRequest {
        .with {
            $0.key = random.data()
            $0.rangeEnd = random.data()
            $0.startRevision = random.int64()
            $0.progressNotify = random.flip()
            $0.filters = random.list { [.noput, .nodelete, .UNRECOGNIZED(-7)][Int($0.next() % 3)] }
            $0.prevKv = random.flip()
            $0.watchID = random.int64()
            $0.fragment = random.flip()
        }
    }
}
