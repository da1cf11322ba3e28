/// What happens to the files of a running endpoint, for the log. Reported on any thread.
package enum TLSEvent: Sendable, Equatable {
    /// A changed file is broken; the certificates read before stay in use. Reported once for each
    /// change. A broken revocation list is not replaced by the one before: it refuses certificates.
    case reloadFailed(file: String, reason: String)
    /// A changed file is in use.
    case reloaded(file: String)
}
