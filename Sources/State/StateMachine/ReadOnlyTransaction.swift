package import Auth
package import EtcdAPI
package import Identifiers
package import MVCC

/// A transaction whose operations are ranges, without the log and outside the apply stage.
///
/// Compares and ranges read one moment of the store, in slices: `advance` until it returns true.
/// Used by one thread at a time.
package final class ReadOnlyTransaction {
    private let request: TxnRequest
    private let view: PinnedView
    private var comparing = Comparing()
    /// The operations of the chosen branch; nil while compares are evaluated.
    private var operations: ArraySlice<RequestOp>?
    private var reader: RangeReader?
    /// The pairs of the present range, or of the present slice of a compare.
    private var read = RangeResponse()
    /// Without a header; complete when `advance` has returned true.
    package private(set) var response = TxnResponse(succeeded: false)

    /// Where the evaluation of the compares is.
    private struct Comparing {
        var index = 0
        /// Whether the present compare has found no key so far.
        var isEmpty = true
    }

    /// Opens the transaction on behalf of a caller, who needs the permission for both branches.
    ///
    /// - Parameter request: with ranges only, not nested.
    package init(
        _ request: TxnRequest, by identity: Identity, in store: Store
    ) throws(ReadError) {
        self.request = request
        let revisions = (request.success + request.failure).lazy.compactMap { operation in
            if case .range(let range) = operation { Revision(range.revision) } else { nil }
        }
        view = try store.openView(alsoReading: revisions) { authority throws(EtcdError) in
            try Store.snapshot(authority).require(request, by: identity)
        }
    }

    /// The revision of the store that it reads, for the response header.
    package var revision: Revision { view.revision }

    /// Runs about one slice; true when the response is complete.
    package func advance() throws(ReadError) -> Bool {
        var effort = 0
        while effort < view.sliceKeys {
            guard let operations else {
                guard try compare(&effort) else { return false }
                continue
            }
            guard let operation = operations.first else {
                view.close()
                return true
            }
            guard case .range(let range) = operation else {
                preconditionFailure("a transaction that only reads has ranges only")
            }
            guard try execute(range, &effort) else { return false }
            self.operations = operations.dropFirst()
        }
        return false
    }

    /// An operation costs as much as so many keys, and they as much as so many bytes.
    private static let operationEffort = 16
    private static let bytesPerKey = 512

    /// Releases what it reads. Not under the store's lock.
    package func close() { view.close() }

    /// Reads the next slice of a range. Returns whether it was the last one.
    private func execute(_ range: RangeRequest, _ effort: inout Int) throws(ReadError) -> Bool {
        guard try readSlice(of: range, &effort) else { return false }
        read.header = ResponseHeader(clusterID: 0, revision: revision.rawValue)
        response.responses.append(ResponseOp.range(read))
        endRange()
        return true
    }

    /// Appends the next slice of a range to `read`. Returns whether it was the last one.
    private func readSlice(
        of range: RangeRequest, _ effort: inout Int
    ) throws(ReadError) -> Bool {
        let present: RangeReader
        if let reader {
            present = reader
        } else {
            present = try ReadError.checking { () throws(EtcdError) in
                try view.reader(of: range)
            }
            reader = present
        }
        guard try present.prepare(sizing: false) else { return false }
        if !range.countOnly {
            guard try present.readSlice(into: &read) else { return false }
        }
        read.count = present.count
        read.more = present.more
        effort +=
            Self.operationEffort + Int(clamping: read.count) + read.keyValues.count
            / Self.bytesPerKey
        return true
    }

    private func endRange() {
        reader = nil
        read = RangeResponse()
    }
}

/// Compares.
extension ReadOnlyTransaction {
    /// Evaluates the next slice of a compare, or chooses the branch. Returns whether the compare has
    /// ended.
    private func compare(_ effort: inout Int) throws(ReadError) -> Bool {
        guard comparing.index < request.compare.count else {
            choose(true)
            return true
        }
        let compare = request.compare[comparing.index]
        let isLast = try readSlice(of: compare.range, &effort)
        let holds = try ReadError.reading { () throws(StoreError) in
            try read.forEachPair { pair throws(StoreError) in
                comparing.isEmpty = false
                return try compare.holds(
                    version: pair.version, created: Revision(pair.createRevision),
                    modified: Revision(pair.modRevision), view: { pair })
            }
        }
        guard holds else {
            choose(false)
            return true
        }
        read = RangeResponse()
        guard isLast else { return false }
        guard !comparing.isEmpty || compare.holdsWithoutKeys else {
            choose(false)
            return true
        }
        comparing = Comparing(index: comparing.index + 1)
        endRange()
        return true
    }

    private func choose(_ succeeded: Bool) {
        endRange()
        response.succeeded = succeeded
        operations = (succeeded ? request.success : request.failure)[...]
    }
}

extension RangeResponse {
    /// Calls `body` with each pair until it returns false. Returns whether it never did.
    fileprivate func forEachPair(
        _ body: (KeyValueView) throws(StoreError) -> Bool
    ) throws(StoreError) -> Bool {
        try keyValues.withUnsafeBufferPointer { buffer throws(StoreError) in
            var reader = WireReader(UnsafeRawBufferPointer(buffer))
            while let pair = try reader.nextPair() {
                guard try body(pair) else { return false }
            }
            return true
        }
    }
}

extension WireReader {
    fileprivate mutating func nextPair() throws(StoreError) -> KeyValueView? {
        do throws(WireError) {
            guard try nextTag() != nil else { return nil }
            return try KeyValueView(decoding: try rawBytes())
        } catch {
            throw .malformedRecord(key: [])
        }
    }
}
