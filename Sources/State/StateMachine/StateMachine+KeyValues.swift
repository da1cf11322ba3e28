package import EtcdAPI
import Lease
import MVCC

/// Puts, deletes, ranges and compactions.
extension StateMachine {
    func apply(_ request: PutRequest) throws(StateError) -> AppliedEntry {
        guard !alarms.isActive(.noSpace) else { return failed(.noSpace, "Put") }
        let fits = admits(Quota.cost(of: request))
        return try transact("Put") { transaction throws(ReadError) in
            try check(request, in: transaction)
            let answer = try PutExecution.put(request, in: transaction)
            return full(!fits, transaction, .put(answer), "Put")
        }
    }

    func apply(_ request: DeleteRangeRequest) throws(StateError) -> AppliedEntry {
        try transact("DeleteRange") { transaction throws(ReadError) in
            let answer = try PutExecution.delete(request, in: transaction)
            return full(false, transaction, .deleteRange(answer), "DeleteRange")
        }
    }

    func apply(_ request: TxnRequest) throws(StateError) -> AppliedEntry {
        let cost = Quota.cost(of: request)
        guard !alarms.isActive(.noSpace) || cost == 0 else { return failed(.noSpace, "Txn") }
        let fits = admits(cost)
        return try transact("Txn") { transaction throws(ReadError) in
            let answer = try TxnExecution(state: self, transaction: transaction).run(request)
            return full(!fits, transaction, .txn(answer), "Txn")
        }
    }

    func apply(_ request: RangeRequest) throws(StateError) -> AppliedEntry {
        try transact("Range") { transaction throws(ReadError) in
            var answer = RangeAnswer()
            try transaction.range(request, into: &answer)
            return full(false, transaction, .range(answer), "Range")
        }
    }

    /// Carries a request out in a transaction. What refuses it becomes its outcome; damage that it
    /// meets ends the store.
    func transact(
        _ operation: StaticString,
        _ body: (StoreWriteTransaction) throws(ReadError) -> AppliedEntry
    ) throws(StateError) -> AppliedEntry {
        let transaction = store.beginWrite()
        do throws(ReadError) {
            let applied = try body(transaction)
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
            try store.scheduleCompaction(at: request.revision)
        } catch {
            return failed(error, "Compaction")
        }
        var applied = AppliedEntry(outcome: outcome(.compaction(revision: request.revision)))
        applied.operation = "Compaction"
        applied.compaction = request.revision
        applied.isPhysical = request.physical
        return applied
    }

    /// A transaction of reads alone, evaluated without the log.
    package func evaluate(_ request: TxnRequest) throws(StateError) -> ApplyOutcome {
        try transact("Txn") { transaction throws(ReadError) in
            let answer = try TxnExecution(state: self, transaction: transaction).run(request)
            return AppliedEntry(
                outcome: ApplyOutcome(revision: transaction.revision, result: .txn(answer)))
        }.outcome
    }

    /// What must hold before a put changes anything: its lease lives, and what it leaves as it is
    /// exists.
    func check(_ put: PutRequest, in transaction: StoreWriteTransaction) throws(ReadError) {
        if put.lease != 0, leases.lessor[LeaseID(rawValue: put.lease)] == nil {
            throw .refused(.leaseNotFound)
        }
        guard put.ignoreValue || put.ignoreLease else { return }
        guard try PutExecution.pair(of: put.key, in: transaction) != nil else {
            throw .refused(.keyNotFound)
        }
    }

    func failed(_ error: EtcdError, _ operation: StaticString) -> AppliedEntry {
        var applied = AppliedEntry(outcome: outcome(.failed(error)))
        applied.operation = operation
        return applied
    }

    /// The outcome of a transaction. One that has filled the database is applied all the same,
    /// since every member must do so, but its client and the cluster hear of it.
    private func full(
        _ isFull: Bool, _ transaction: StoreWriteTransaction, _ result: ApplyResult,
        _ operation: StaticString
    ) -> AppliedEntry {
        var applied = AppliedEntry(
            outcome: ApplyOutcome(
                revision: transaction.revision, result: isFull ? .failed(.noSpace) : result))
        applied.operation = operation
        applied.raisesSpaceAlarm = isFull
        return applied
    }

    /// Whether a request of this cost fits into the quota and its keys into memory. One that does
    /// not is carried out, as in etcd, and raises the alarm that makes the members refuse others.
    func admits(_ costBytes: Int) -> Bool {
        guard costBytes == 0 || !store.isIndexNearlyFull else { return false }
        // Free pages count only near the limit: looking for them takes another lock.
        let atMost = bolt.sizeBytes + store.pendingBytesWhileApplying
        return settings.quota.admits(costBytes: costBytes, databaseBytes: atMost)
            || settings.quota.admits(
                costBytes: costBytes, databaseBytes: store.sizeWithPendingBytesWhileApplying)
    }
}

/// Single changes, shared by plain requests and transactions.
enum PutExecution {
    /// Puts a pair whose preconditions were checked. The answer's header holds only the revision
    /// when it stands in a transaction; the caller sets it.
    static func put(
        _ request: PutRequest, in transaction: StoreWriteTransaction
    ) throws(ReadError) -> PutAnswer {
        var answer = PutAnswer()
        guard request.prevKV || request.ignoreValue || request.ignoreLease else {
            transaction.put(request.key, value: request.value, lease: request.lease)
            return answer
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
        if request.prevKV { answer.previous = previous }
        transaction.put(request.key, value: value, lease: lease)
        return answer
    }

    static func delete(
        _ request: DeleteRangeRequest, in transaction: StoreWriteTransaction
    ) throws(ReadError) -> DeleteRangeAnswer {
        var answer = DeleteRangeAnswer()
        guard request.prevKV else {
            answer.deleted = Int64(transaction.deleteRange(request.key, end: request.rangeEnd))
            return answer
        }
        do throws(StoreError) {
            let count = try transaction.deleteRange(request.key, end: request.rangeEnd) { pair in
                answer.append(previous: pair)
            }
            answer.deleted = Int64(count)
            return answer
        } catch {
            throw .failed(error)
        }
    }

    /// The encoded pair of a key, nil if it does not exist.
    static func pair(
        of key: ArraySlice<UInt8>, in transaction: StoreWriteTransaction
    ) throws(ReadError) -> [UInt8]? {
        do throws(StoreError) {
            return try transaction.withKeyValue(of: key) { $0.map { Array($0) } }
        } catch {
            throw .failed(error)
        }
    }
}
