import EtcdAPI
import Identifiers
import MVCC

/// Executes one transaction in three steps: evaluate the compares to choose the branches, check
/// the operations of these branches, execute them.
///
/// Compares see the state before the transaction, at every level. A failed check changes nothing.
/// After the checks only a damaged database can make the transaction fail.
///
/// The first two steps are the same on all members, since they decide what happens. The third
/// one leaves out what only the response needs, ranges and previous pairs, on a member without a
/// caller waiting for the response.
struct TxnExecution {
    private let state: StateMachine
    private let isAwaited: Bool
    private(set) var executed = ExecutedOperations()

    /// The chosen branches of a transaction and of its nested ones, in the order of operations.
    private struct Path {
        let succeeded: Bool
        let nested: [Path]
    }

    init(state: StateMachine, isAwaited: Bool) {
        self.state = state
        self.isAwaited = isAwaited
    }

    /// - Returns: the response; without the inner ones if it is not awaited.
    mutating func run(
        _ request: TxnRequest, in transaction: inout StoreWriteTransaction
    ) throws(ReadError) -> TxnResponse {
        let path: Path
        do throws(StoreError) {
            path = try choose(request, in: transaction)
        } catch {
            throw .failed(error)
        }
        try check(request, path, in: transaction)
        return try execute(request, path, header: nil, in: &transaction)
    }

    private func choose(
        _ request: TxnRequest, in transaction: borrowing StoreWriteTransaction
    ) throws(StoreError) -> Path {
        var succeeded = true
        for compare in request.compare where succeeded {
            succeeded = try holds(compare, in: transaction)
        }
        let operations = succeeded ? request.success : request.failure
        var nested: [Path] = []
        for case .txn(let inner) in operations { nested.append(try choose(inner, in: transaction)) }
        return Path(succeeded: succeeded, nested: nested)
    }

    /// Ranges are checked even where they are skipped: one that cannot be read refuses the whole
    /// transaction, on every member.
    private func check(
        _ request: TxnRequest, _ path: Path, in transaction: borrowing StoreWriteTransaction
    ) throws(ReadError) {
        var nested = path.nested.makeIterator()
        for operation in path.succeeded ? request.success : request.failure {
            switch operation {
            case .range(let range): try state.checkReadable(range)
            case .put(let put): try state.check(put, in: transaction)
            case .txn(let inner):
                if let path = nested.next() { try check(inner, path, in: transaction) }
            case .deleteRange, .none: break
            }
        }
    }

    private mutating func execute(
        _ request: TxnRequest, _ path: Path, header: ResponseHeader?,
        in transaction: inout StoreWriteTransaction
    ) throws(ReadError) -> TxnResponse {
        var response = TxnResponse(header: header, succeeded: path.succeeded)
        var nested = path.nested.makeIterator()
        for operation in path.succeeded ? request.success : request.failure {
            let inner: ResponseOp?
            if case .txn(let request) = operation {
                guard let path = nested.next() else { continue }
                inner = .txn(
                    try execute(request, path, header: ResponseHeader(), in: &transaction))
            } else {
                inner = try execute(operation, in: &transaction)
            }
            if isAwaited, let inner { response.responses.append(inner) }
        }
        return response
    }

    /// Executes an operation other than a transaction.
    private mutating func execute(
        _ operation: RequestOp, in transaction: inout StoreWriteTransaction
    ) throws(ReadError) -> ResponseOp? {
        switch operation {
        case .range(let range):
            guard isAwaited else { return nil }
            executed.ranges += 1
            var inner = RangeResponse()
            try transaction.range(range, into: &inner)
            inner.header = header(of: transaction)
            return .range(inner)
        case .put(let put):
            executed.puts += 1
            var inner = try PutExecution.put(put, in: &transaction, isAwaited: isAwaited)
            inner.header = header(of: transaction)
            return .put(inner)
        case .deleteRange(let delete):
            executed.deletes += 1
            var inner = try PutExecution.delete(delete, in: &transaction, isAwaited: isAwaited)
            inner.header = header(of: transaction)
            return .deleteRange(inner)
        case .txn, .none: return nil
        }
    }

    private func header(of transaction: borrowing StoreWriteTransaction) -> ResponseHeader {
        ResponseHeader(clusterID: 0, revision: transaction.revision.rawValue)
    }
}

/// Compares.
extension TxnExecution {
    /// Whether a compare holds for its key, or for every key of its range.
    private func holds(
        _ compare: Compare, in transaction: borrowing StoreWriteTransaction
    ) throws(StoreError) -> Bool {
        var isEmpty = true
        var holds = true
        try transaction.forEach(compare.key, end: compare.rangeEnd) {
            record, view throws(StoreError) in
            isEmpty = false
            holds = try compare.holds(
                version: record.version, created: record.created.main,
                modified: record.modified.main, view: view)
            return holds
        }
        return isEmpty ? compare.holdsWithoutKeys : holds
    }
}
