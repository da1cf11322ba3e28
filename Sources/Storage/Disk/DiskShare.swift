/// What one writer takes of a disk that others wait for as well.
package enum DiskShare {
    /// Bytes that are written to a file between two synchronizations, roughly: whoever else wants
    /// something durable, a log above all, waits no longer than for this.
    package static let unsynchronizedBytesMax = 1 << 20
}
