/// Makes the log's next segment ready, slice by slice, as the server's thread for it does.
extension SimulatedMember {
    private static let sliceBytes = 4 << 10

    /// Has the next segment made ready, when the thread for it gets round to it.
    func planPreparation() {
        let delay = simulation.timing.duration(.millisecond...300 * .millisecond)
        simulation.schedule(.prepareSegment(host: host.number, run: run), after: delay)
    }

    /// Writes one slice. What goes wrong stops nobody: the log makes a file of its own.
    func prepareSegment() {
        do {
            isPreparingSegment = try log.preparation.prepare(sliceBytes: Self.sliceBytes)
        } catch {
            isPreparingSegment = false
            simulation.tell("host \(host.number) does not prepare a segment: \(error)")
            return simulation.report.count(.preparationsFailed)
        }
        guard isPreparingSegment else { return simulation.report.count(.segmentsPrepared) }
        let took = simulation.diskDelay(host, 50 * .microsecond...4 * .millisecond)
        simulation.schedule(
            .prepareSegment(host: host.number, run: run), after: max(5 * .millisecond, 5 * took))
    }
}
