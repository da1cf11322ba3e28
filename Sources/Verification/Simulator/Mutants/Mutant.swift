/// A safety rule that can be switched off, to see whether the judges notice.
package enum Mutant: String, Sendable, CaseIterable {
    /// A log write counts as durable before it is synchronized.
    case answersBeforeSynchronizing = "answers-before-fsync"
}
