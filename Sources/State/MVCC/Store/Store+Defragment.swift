package import Bolt

extension Store {
    /// Begins to give the file's free space back. Backend thread only, as are its steps, between
    /// which the overlay is persisted and compaction goes on.
    package func beginDefragmentation() throws(BoltError) -> BoltDefragmentation {
        try BoltDefragmentation(of: bolt, temporaryPath: bolt.path + ".tmp.defragment")
    }

    /// Does the next step, with no batch on its way into the file; true once readers are moved to
    /// the new file. Nobody waits for longer than a step.
    package func defragmentationStep(
        _ defragmentation: BoltDefragmentation
    ) throws(BoltError) -> Bool {
        guard try defragmentation.step() else { return false }
        try publishSnapshot()
        return true
    }
}
