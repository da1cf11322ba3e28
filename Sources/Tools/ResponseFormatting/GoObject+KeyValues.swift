import EtcdAPI

extension GoObject {
    init(_ header: Etcdserverpb_ResponseHeader) {
        self.init()
        add("cluster_id", header.clusterID)
        add("member_id", header.memberID)
        add("revision", header.revision)
        add("raft_term", header.raftTerm)
    }

    /// An object that begins with a header.
    init(header: Etcdserverpb_ResponseHeader) {
        self.init()
        add("header", GoObject(header))
    }

    init(_ pair: Mvccpb_KeyValue) {
        self.init()
        add("key", bytes: pair.key)
        add("create_revision", pair.createRevision)
        add("mod_revision", pair.modRevision)
        add("version", pair.version)
        add("value", bytes: pair.value)
        add("lease", pair.lease)
    }

    init(_ response: Etcdserverpb_PutResponse) {
        self.init(header: response.header)
        if response.hasPrevKv { add("prev_kv", GoObject(response.prevKv)) }
    }

    init(_ response: Etcdserverpb_RangeResponse) {
        self.init(header: response.header)
        add("kvs", response.kvs.map { GoObject($0) })
        add("more", response.more)
        add("count", response.count)
    }

    init(_ response: Etcdserverpb_DeleteRangeResponse) {
        self.init(header: response.header)
        add("deleted", response.deleted)
        add("prev_kvs", response.prevKvs.map { GoObject($0) })
    }

    init(_ response: Etcdserverpb_TxnResponse) {
        self.init(header: response.header)
        add("succeeded", response.succeeded)
        add("responses", response.responses.map { GoObject($0) })
    }

    private init(_ operation: Etcdserverpb_ResponseOp) {
        var response = GoObject()
        switch operation.response {
        case .responseRange(let range): response.add("response_range", GoObject(range))
        case .responsePut(let put): response.add("response_put", GoObject(put))
        case .responseDeleteRange(let delete):
            response.add("response_delete_range", GoObject(delete))
        case .responseTxn(let txn): response.add("response_txn", GoObject(txn))
        case nil: break
        }
        self.init()
        add("Response", response)
    }

    init(_ response: Etcdserverpb_WatchResponse) {
        self.init()
        add("Header", GoObject(response.header))
        let events = response.events.map { GoJSON.object(GoObject($0)) }
        always("Events", events.isEmpty ? .null : .array(events))
        always("CompactRevision", .number("\(response.compactRevision)"))
        always("Canceled", .bool(response.canceled))
        always("Created", .bool(response.created))
        // clientv3 gives the reason as an error, not in this field.
        always("CancelReason", .string(""))
    }

    private init(_ event: Mvccpb_Event) {
        self.init()
        add("type", event.type.rawValue)
        add("kv", GoObject(event.kv))
        if event.hasPrevKv { add("prev_kv", GoObject(event.prevKv)) }
    }
}
