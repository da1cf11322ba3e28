/// Prepares the next log segment, slice by slice, as the server's thread for it does.
extension SimulatedMember {
    private static let sliceBytes = 4 << 10

    /// Schedules the preparation of the next segment.
    func planPreparation() {
        let delay = simulation.timing.duration(.millisecond...300 * .millisecond)
        simulation.schedule(.prepareSegment(host: host.number, run: run), after: delay)
    }

    /// Writes one slice. An error stops nothing: the log then creates the file itself.
    func prepareSegment() {
        do {
            isPreparingSegment = try log.preparation.prepare(sliceBytes: Self.sliceBytes)
        } catch {
            isPreparingSegment = false
            simulation.printTrace("host \(host.number) does not prepare a segment: \(error)")
            return simulation.report.count(.preparationsFailed)
        }
        guard isPreparingSegment else { return simulation.report.count(.segmentsPrepared) }
        let took = simulation.diskDelay(host, 50 * .microsecond...4 * .millisecond)
        simulation.schedule(
            .prepareSegment(host: host.number, run: run), after: max(5 * .millisecond, 5 * took))
    }
}
