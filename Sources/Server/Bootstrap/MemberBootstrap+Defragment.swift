import MonotonicClock
import Telemetry
import ServerLogging
import Bolt
import GRPCServices
import MemberRuntime

/// Defragments the database before the member starts.
extension MemberBootstrap {
    /// Defragments when it frees at least the configured threshold; 0 disables it.
    func defragmentIfWorthwhile(_ bolt: Bolt) throws {
        let megabytes = UInt64(configuration.bootstrapDefragThresholdMegabytes)
        guard megabytes > 0 else { return }
        let (threshold, isHuge) = megabytes.multipliedReportingOverflow(by: 1 << 20)
        let before = DatabaseSizes(fileBytes: bolt.sizeBytes, usedBytes: bolt.sizeInUseBytes)
        let freeable = UInt64(before.fileBytes - before.usedBytes)
        guard !isHuge, freeable >= threshold else {
            return logSkippedDefragmentation(before, thresholdBytes: isHuge ? .max : threshold)
        }
        logger.log(.defragmentationBegins(path: directory.database, sizes: before))
        let began = MonotonicTime.now()
        try bolt.defragment(temporaryPath: bolt.path + ".tmp.defragment")
        let after = DatabaseSizes(fileBytes: bolt.sizeBytes, usedBytes: bolt.sizeInUseBytes)
        logger.logDefragmentation(
            directory.database, before, after, took: MonotonicTime.now() - began)
    }

    private func logSkippedDefragmentation(_ sizes: DatabaseSizes, thresholdBytes: UInt64) {
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
