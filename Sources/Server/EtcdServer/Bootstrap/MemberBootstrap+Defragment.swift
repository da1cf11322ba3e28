import Bolt
import ClientAPI
import ReplicaRuntime

/// Giving the database's free space back before the member starts.
extension MemberBootstrap {
    /// Defragments when that frees as much as the operator asked for; 0 asks for nothing.
    func defragmentIfWorthwhile(_ bolt: Bolt) throws {
        let megabytes = UInt64(configuration.bootstrapDefragThresholdMegabytes)
        guard megabytes > 0 else { return }
        let (threshold, isHuge) = megabytes.multipliedReportingOverflow(by: 1 << 20)
        let before = DatabaseSizes(fileBytes: bolt.sizeBytes, usedBytes: bolt.sizeInUseBytes)
        let freeable = UInt64(before.fileBytes - before.usedBytes)
        guard !isHuge, freeable >= threshold else {
            return tellSkipped(before, thresholdBytes: isHuge ? .max : threshold)
        }
        logger.note(.defragmentationBegins(path: directory.database, sizes: before))
        let began = monotonicNanoseconds()
        try bolt.defragment(temporaryPath: bolt.path + ".tmp.defragment")
        let after = DatabaseSizes(fileBytes: bolt.sizeBytes, usedBytes: bolt.sizeInUseBytes)
        logger.noteDefragmentation(
            directory.database, before, after, nanoseconds: monotonicNanoseconds() - began)
    }

    private func tellSkipped(_ sizes: DatabaseSizes, thresholdBytes: UInt64) {
        logger.info(
            "Skipping defragmentation",
            [
                "current-db-size-bytes": .number(sizes.fileBytes),
                "current-db-size": .string(ByteCount.text(sizes.fileBytes)),
                "current-db-size-in-use-bytes": .number(sizes.usedBytes),
                "current-db-size-in-use": .string(ByteCount.text(sizes.usedBytes)),
                "bootstrap-defrag-threshold-bytes": .unsigned(thresholdBytes),
                "bootstrap-defrag-threshold": .string(
                    ByteCount.text(Int(clamping: thresholdBytes))),
            ])
    }
}
