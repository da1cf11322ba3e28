package import Bolt

extension Store {
    /// Begins a defragmentation. Backend thread only, as are its steps, between which the write
    /// buffer is persisted and compaction continues.
    package func beginDefragmentation() throws(BoltError) -> BoltDefragmentation {
        try BoltDefragmentation(of: bolt, temporaryPath: bolt.path + ".tmp.defragment")
    }

    /// Runs the next step, while no batch is being committed; true once readers are moved to the
    /// new file. No operation waits longer than one step.
    package func defragmentationStep(
        _ defragmentation: BoltDefragmentation
    ) throws(BoltError) -> Bool {
        guard try defragmentation.step() else { return false }
        try publishSnapshot()
        return true
    }
}
