import EtcdAPI

/// Gives one input to every hand-written codec of the API.
///
/// Each codec must refuse the input or decode it. A decoded message must encode to exactly its size
/// and decode to an equal one. The same input in borrowed memory must decode to the same message.
package func fuzzWire(_ input: UnsafeRawBufferPointer) {
    let bytes = [UInt8](input)[...]
    fuzzRequests(bytes)
    fuzzRaft(bytes)
    fuzzLog(bytes)
    if let view = try? KeyValueView(decoding: input) {
        let again = try? KeyValue(decoding: bytes)
        precondition(again?.encoded() == view.encoded(), "a view equals its pair")
    }
    fuzzResponses(input)
    fuzzTexts(bytes)
}

/// The log text of a request is one line, whatever the request contains.
private func fuzzTexts(_ bytes: ArraySlice<UInt8>) {
    let texts = [
        (try? RangeRequest(decoding: bytes))?.logText,
        (try? PutRequest(decoding: bytes))?.logText,
        (try? DeleteRangeRequest(decoding: bytes))?.logText,
        (try? TxnRequest(decoding: bytes))?.logText,
        (try? InternalRaftRequest(decoding: bytes))?.logText,
    ]
    for text in texts {
        precondition(text?.utf8.allSatisfy { $0 >= 0x20 } ?? true, "a text is one line")
    }
}

private func fuzzRequests(_ bytes: ArraySlice<UInt8>) {
    check(KeyValue.self, bytes)
    check(Event.self, bytes)
    check(ResponseHeader.self, bytes)
    check(RangeRequest.self, bytes)
    check(PutRequest.self, bytes)
    check(DeleteRangeRequest.self, bytes)
    check(Compare.self, bytes)
    check(RequestOp.self, bytes)
    check(TxnRequest.self, bytes)
    check(CompactionRequest.self, bytes)
    check(LeaseGrantRequest.self, bytes)
    check(LeaseRevokeRequest.self, bytes)
    check(LeaseKeepAliveRequest.self, bytes)
    check(WatchRequest.self, bytes)
    check(WatchCreateRequest.self, bytes)
    check(RequestHeader.self, bytes)
    check(InternalRaftRequest.self, bytes)
}

private func fuzzRaft(_ bytes: ArraySlice<UInt8>) {
    check(RaftEntry.self, bytes)
    check(RaftHardState.self, bytes)
    check(RaftConfState.self, bytes)
    check(RaftConfChange.self, bytes)
    check(RaftConfChangeV2.self, bytes)
    check(RaftSnapshot.self, bytes)
    check(RaftMessage.self, bytes)
}

private func fuzzLog(_ bytes: ArraySlice<UInt8>) {
    check(LogRecord.self, bytes)
    check(LogSnapshotRecord.self, bytes)
    check(LogMetadata.self, bytes)
    check(SnapshotFile.self, bytes)
}

private func check<Message: WireMessage & Equatable>(
    _ type: Message.Type, _ bytes: ArraySlice<UInt8>
) {
    guard let decoded = try? Message(decoding: bytes) else {
        let copied = bytes.withUnsafeBytes { memory in try? Message(decoding: memory) }
        precondition(copied == nil, "a slice and memory are both refused")
        return
    }
    let copied = bytes.withUnsafeBytes { memory in try? Message(decoding: memory) }
    precondition(copied == decoded, "a slice and memory decode to the same")
    let again = try? Message(decoding: decoded.encoded())
    precondition(again == decoded, "what was encoded decodes to the same")
}

private func fuzzResponses(_ input: UnsafeRawBufferPointer) {
    var range = RangeResponse(header: ResponseHeader(clusterID: 1), more: true, count: 9)
    range.append(keyValue: input)
    range.append(KeyValue(key: [UInt8](input)[...]))
    var deleted = DeleteRangeResponse(deleted: 1)
    deleted.append(previous: input)
    let put = PutResponse(previous: [UInt8](input))
    let txn = TxnResponse(
        succeeded: true, responses: [.range(range), .put(put), .deleteRange(deleted)])
    _ = TxnResponse(succeeded: false, responses: [.txn(txn)]).encoded()
    let event = WatchEvent(type: .delete, keyValue: input, previous: input)
    event.encoded().withUnsafeBytes { events in
        _ = WatchEventsResponse(header: input, watchID: -1, events: events).encoded()
    }
    let entry = InternalRaftRequest.wrap(id: 7, field: 4, payload: input)
    precondition(!entry.isEmpty, "an entry has a header")
}
