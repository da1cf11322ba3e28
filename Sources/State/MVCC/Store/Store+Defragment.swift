package import Bolt

extension Store {
    /// Gives the file's free space back. Backend thread only, after `persist`; what is applied
    /// meanwhile waits in the overlay, and nobody waits for the copy.
    package func defragment() throws(BoltError) {
        try bolt.defragment(temporaryPath: bolt.path + ".tmp.defragment")
        publishSnapshot()
    }
}
