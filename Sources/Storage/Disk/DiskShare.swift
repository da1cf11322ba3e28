/// Limits for a writer of a disk that others wait for as well.
package enum DiskShare {
    /// Approximate bytes written to a file between two synchronizations. It bounds how long others,
    /// above all the log, wait for their own synchronization.
    package static let unsynchronizedBytesMax = 1 << 20
}
