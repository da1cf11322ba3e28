package import EtcdAPI
import Lease
import MVCC

/// Puts, deletes, ranges and compactions.
extension StateMachine {
    func apply(_ request: PutRequest) -> AppliedEntry {
        guard !alarms.isActive(.noSpace) else { return failed(.noSpace, "Put") }
        let fits = admits(Quota.cost(of: request))
        let transaction = store.beginWrite()
        defer { finish(transaction) }
        let answer: PutAnswer
        do throws(EtcdError) {
            try check(request, in: transaction)
            answer = PutExecution.put(request, in: transaction)
        } catch {
            return failed(error, "Put")
        }
        return full(!fits, transaction, .put(answer), "Put")
    }

    func apply(_ request: DeleteRangeRequest) -> AppliedEntry {
        let transaction = store.beginWrite()
        defer { finish(transaction) }
        let answer = PutExecution.delete(request, in: transaction)
        return full(false, transaction, .deleteRange(answer), "DeleteRange")
    }

    func apply(_ request: TxnRequest) -> AppliedEntry {
        let cost = Quota.cost(of: request)
        guard !alarms.isActive(.noSpace) || cost == 0 else { return failed(.noSpace, "Txn") }
        let fits = admits(cost)
        let transaction = store.beginWrite()
        defer { finish(transaction) }
        do throws(EtcdError) {
            let answer = try TxnExecution(state: self, transaction: transaction).run(request)
            return full(!fits, transaction, .txn(answer), "Txn")
        } catch {
            return failed(error, "Txn")
        }
    }

    func apply(_ request: RangeRequest) -> AppliedEntry {
        let transaction = store.beginWrite()
        defer { finish(transaction) }
        var answer = RangeAnswer()
        do throws(EtcdError) {
            try transaction.range(request, into: &answer)
        } catch {
            return failed(error, "Range")
        }
        return full(false, transaction, .range(answer), "Range")
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
    package func evaluate(_ request: TxnRequest) -> ApplyOutcome {
        let transaction = store.beginWrite()
        defer { finish(transaction) }
        do throws(EtcdError) {
            let answer = try TxnExecution(state: self, transaction: transaction).run(request)
            return ApplyOutcome(revision: transaction.revision, result: .txn(answer))
        } catch {
            return ApplyOutcome(revision: transaction.revision, result: .failed(error))
        }
    }

    /// What must hold before a put changes anything: its lease lives, and what it leaves as it is
    /// exists.
    func check(_ put: PutRequest, in transaction: StoreWriteTransaction) throws(EtcdError) {
        if put.lease != 0, leases.lessor[LeaseID(rawValue: put.lease)] == nil {
            throw .leaseNotFound
        }
        guard put.ignoreValue || put.ignoreLease else { return }
        let exists = transaction.withKeyValue(of: put.key) { $0 != nil }
        guard exists else { throw .keyNotFound }
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
    ) -> PutAnswer {
        var answer = PutAnswer()
        guard request.prevKV || request.ignoreValue || request.ignoreLease else {
            transaction.put(request.key, value: request.value, lease: request.lease)
            return answer
        }
        let previous = transaction.withKeyValue(of: request.key) { $0.map { Array($0) } }
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
    ) -> DeleteRangeAnswer {
        var answer = DeleteRangeAnswer()
        guard request.prevKV else {
            answer.deleted = Int64(transaction.deleteRange(request.key, end: request.rangeEnd))
            return answer
        }
        let count = transaction.deleteRange(request.key, end: request.rangeEnd) { pair in
            answer.append(previous: pair)
        }
        answer.deleted = Int64(count)
        return answer
    }
}
