package import Auth
package import EtcdAPI
import Identifiers
import Lease
import MVCC

/// Puts, deletes, ranges and compactions.
extension StateMachine {
    func apply(
        _ request: PutRequest, by requester: Requester?, isAwaited: Bool
    ) throws(StateError) -> AppliedEntry {
        guard !alarms.isActive(.noSpace) else { return failed(.noSpace, "Put") }
        if let requester, let refusal = refusal(of: request, by: requester) {
            return failed(refusal, "Put")
        }
        let fits = admits(Quota.cost(of: request))
        return try transact("Put") { transaction throws(ReadError) in
            try check(request, in: transaction)
            let response = try PutExecution.put(request, in: &transaction, isAwaited: isAwaited)
            return executed(
                ExecutedOperations(puts: 1), in: transaction, "Put", isFull: !fits,
                isAwaited ? .put(response) : .omitted)
        }
    }

    func apply(
        _ request: DeleteRangeRequest, by requester: Requester?, isAwaited: Bool
    ) throws(StateError) -> AppliedEntry {
        if let requester, let refusal = refusal(of: request, by: requester) {
            return failed(refusal, "DeleteRange")
        }
        return try transact("DeleteRange") { transaction throws(ReadError) in
            let response = try PutExecution.delete(request, in: &transaction, isAwaited: isAwaited)
            return executed(
                ExecutedOperations(deletes: 1), in: transaction, "DeleteRange",
                isAwaited ? .deleteRange(response) : .omitted)
        }
    }

    func apply(
        _ request: TxnRequest, by requester: Requester?, isAwaited: Bool
    ) throws(StateError) -> AppliedEntry {
        let cost = Quota.cost(of: request)
        guard !alarms.isActive(.noSpace) || cost == 0 else { return failed(.noSpace, "Txn") }
        if let requester, let refusal = refusal(of: request, by: requester) {
            return failed(refusal, "Txn")
        }
        let fits = admits(cost)
        return try transact("Txn") { transaction throws(ReadError) in
            var execution = TxnExecution(state: self, isAwaited: isAwaited)
            let response = try execution.run(request, in: &transaction)
            return executed(
                execution.executed, in: transaction, "Txn", isFull: !fits,
                isAwaited ? .txn(response) : .omitted)
        }
    }

    func apply(
        _ request: RangeRequest, by requester: Requester?, isAwaited: Bool
    ) throws(StateError) -> AppliedEntry {
        if let requester, let refusal = refusal(of: request, by: requester) {
            return failed(refusal, "Range")
        }
        return try transact("Range") { transaction throws(ReadError) in
            try checkReadable(request)
            guard isAwaited else {
                return executed(ExecutedOperations(), in: transaction, "Range", .omitted)
            }
            var response = RangeResponse()
            try transaction.range(request, into: &response)
            return executed(
                ExecutedOperations(ranges: 1), in: transaction, "Range", .range(response))
        }
    }

    /// Executes a request in a transaction. A rejection becomes its response; a damaged database
    /// makes the store fail.
    func transact(
        _ operation: StaticString,
        _ body: (inout StoreWriteTransaction) throws(ReadError) -> AppliedEntry
    ) throws(StateError) -> AppliedEntry {
        var transaction = store.beginWrite()
        do throws(ReadError) {
            let applied = try body(&transaction)
            finish(transaction)
            return applied
        } catch {
            switch error {
            case .refused(let refusal):
                finish(transaction)
                return failed(refusal, operation)
            case .failed(let failure):
                transaction.abandon(failure)
                throw .store(failure)
            }
        }
    }

    func apply(_ request: CompactionRequest) -> AppliedEntry {
        do throws(EtcdError) {
            try store.scheduleCompaction(at: Revision(request.revision))
        } catch {
            return failed(error, "Compaction")
        }
        let revision = Revision(request.revision)
        var applied = AppliedEntry(response: makeResponse(.compaction(revision: revision)))
        applied.operation = "Compaction"
        applied.compaction = revision
        applied.isPhysical = request.physical
        return applied
    }

    /// Checks a put before it changes anything: its lease must exist, and so must the key when the
    /// put keeps its value or lease.
    func check(
        _ put: PutRequest, in transaction: borrowing StoreWriteTransaction
    ) throws(ReadError) {
        if put.lease != 0, leases.lessor[LeaseID(rawValue: put.lease)] == nil {
            throw .refused(.leaseNotFound)
        }
        guard put.ignoreValue || put.ignoreLease else { return }
        guard try PutExecution.pair(of: put.key, in: transaction) != nil else {
            throw .refused(.keyNotFound)
        }
    }

    /// Checks that a range can be read now.
    func checkReadable(_ range: RangeRequest) throws(ReadError) {
        do throws(EtcdError) {
            try store.checkReadable(Revision(range.revision))
        } catch {
            throw .refused(error)
        }
    }

    func failed(_ error: EtcdError, _ operation: StaticString) -> AppliedEntry {
        var applied = AppliedEntry(response: makeResponse(.failed(error)))
        applied.operation = operation
        return applied
    }

    /// The applied entry of a transaction. One that exceeds the quota is applied all the same,
    /// since every member must do so, but it returns an error and raises the NOSPACE alarm.
    private func executed(
        _ executed: ExecutedOperations, in transaction: borrowing StoreWriteTransaction,
        _ operation: StaticString, isFull: Bool = false, _ body: ApplyResponseBody
    ) -> AppliedEntry {
        var applied = AppliedEntry(
            response: ApplyResponse(
                revision: transaction.revision, body: isFull ? .failed(.noSpace) : body))
        applied.operation = operation
        applied.executed = executed
        applied.raisesSpaceAlarm = isFull
        return applied
    }

    /// Whether a request of this cost fits into the quota, its keys into the index, and the
    /// database into its address space. One that does not is executed, as in etcd, and raises the
    /// alarm that makes members reject further ones.
    func admits(_ costBytes: Int) -> Bool {
        guard costBytes > 0 else { return true }
        let pending = store.pendingBytesWhileApplying
        guard !store.isIndexFilled(eighths: 7), bolt.hasCapacity(forBytes: pending, eighths: 7)
        else { return false }
        // Free pages are only subtracted near the limit: counting them takes another lock.
        let quota = configuration.quota
        return quota.admits(costBytes: costBytes, databaseBytes: bolt.sizeBytes + pending)
            || quota.admits(
                costBytes: costBytes,
                databaseBytes: quota.countedBytes(of: bolt, pendingBytes: pending))
    }

    /// Bytes that count against the quota while this member's NOSPACE alarm is active, nil while it is
    /// not; the largest number if three quarters of the index or of the address space are used.
    /// Apply thread only.
    package var countedBytesOfAlarm: Int? {
        guard alarms.contains(Alarm(member: membership.localID, type: .noSpace)) else {
            return nil
        }
        return store.withWriteLock {
            let pending = store.pendingBytesWhileApplying
            guard !store.isIndexFilled(eighths: 6), bolt.hasCapacity(forBytes: pending, eighths: 6)
            else { return .max }
            return configuration.quota.countedBytes(of: bolt, pendingBytes: pending)
        }
    }
}

/// Puts and deletes, shared by plain requests and transactions.
enum PutExecution {
    /// Puts a pair whose preconditions were checked. The caller sets the response header, which
    /// has only the revision inside a transaction. Previous pairs are read only if the response is
    /// awaited, or if the new pair takes over a part of them.
    static func put(
        _ request: PutRequest, in transaction: inout StoreWriteTransaction, isAwaited: Bool
    ) throws(ReadError) -> PutResponse {
        var response = PutResponse()
        let wantsPrevious = request.prevKV && isAwaited
        guard wantsPrevious || request.ignoreValue || request.ignoreLease else {
            transaction.put(request.key, value: request.value, lease: request.lease)
            return response
        }
        let previous = try pair(of: request.key, in: transaction)
        var value = request.value
        var lease = request.lease
        if let previous, request.ignoreValue || request.ignoreLease,
            let pair = try? KeyValue(decoding: previous)
        {
            if request.ignoreValue { value = pair.value }
            if request.ignoreLease { lease = pair.lease }
        }
        if wantsPrevious { response.previous = previous }
        transaction.put(request.key, value: value, lease: lease)
        return response
    }

    static func delete(
        _ request: DeleteRangeRequest, in transaction: inout StoreWriteTransaction,
        isAwaited: Bool
    ) throws(ReadError) -> DeleteRangeResponse {
        var response = DeleteRangeResponse()
        guard request.prevKV, isAwaited else {
            response.deleted = Int64(transaction.deleteRange(request.key, end: request.rangeEnd))
            return response
        }
        do throws(StoreError) {
            let count = try transaction.deleteRange(request.key, end: request.rangeEnd) { pair in
                response.append(previous: pair)
            }
            response.deleted = Int64(count)
            return response
        } catch {
            throw .failed(error)
        }
    }

    /// The encoded pair of a key, nil if it does not exist.
    static func pair(
        of key: ArraySlice<UInt8>, in transaction: borrowing StoreWriteTransaction
    ) throws(ReadError) -> [UInt8]? {
        do throws(StoreError) {
            return try transaction.withKeyValue(of: key) { $0.map { Array($0) } }
        } catch {
            throw .failed(error)
        }
    }
}
