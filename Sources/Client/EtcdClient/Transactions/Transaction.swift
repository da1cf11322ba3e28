/// Operations that are executed atomically: one list or the other, depending on conditions.
///
///     let acquire = Transaction
///         .when(.isMissing("lock"))
///         .then(.put("lock", "me"))
///         .otherwise(.get("lock"))
///     let response = try await client.commit(acquire)
public struct Transaction: Sendable {
    /// All must hold for `success`; none: `success` is executed.
    public var conditions: [Condition]
    /// Executed if all conditions hold.
    public var success: [Operation]
    /// Executed if a condition does not hold.
    public var failure: [Operation]

    public init(
        if conditions: [Condition] = [], then success: [Operation] = [],
        else failure: [Operation] = []
    ) {
        self.conditions = conditions
        self.success = success
        self.failure = failure
    }

    /// A transaction that depends on conditions.
    public static func when(_ conditions: Condition...) -> Transaction {
        Transaction(if: conditions)
    }

    /// A transaction without conditions.
    public static func always(_ operations: Operation...) -> Transaction {
        Transaction(then: operations)
    }

    /// Adds conditions.
    public func and(_ conditions: Condition...) -> Transaction {
        var transaction = self
        transaction.conditions += conditions
        return transaction
    }

    /// Adds operations that are executed if all conditions hold.
    public func then(_ operations: Operation...) -> Transaction {
        var transaction = self
        transaction.success += operations
        return transaction
    }

    /// Adds operations that are executed if a condition does not hold.
    public func otherwise(_ operations: Operation...) -> Transaction {
        var transaction = self
        transaction.failure += operations
        return transaction
    }

    /// Whether no operation changes anything: such a transaction may be repeated.
    var isReadOnly: Bool {
        (success + failure).allSatisfy { operation in
            switch operation.kind {
            case .range: true
            case .transaction(let nested): nested.isReadOnly
            case .put, .delete: false
            }
        }
    }
}
