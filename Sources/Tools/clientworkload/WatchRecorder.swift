internal import EtcdClient

/// Watches all keys from the first revision on, and writes down each event.
struct WatchRecorder: Sendable {
    let number: Int
    let client: EtcdClient
    let records: Records

    /// Until the task is cancelled: a watch has no other reason to end.
    func run() async {
        do {
            for try await update in client.watch(.all, WatchOptions(from: 1)) {
                let events = update.events.map { event in
                    let value = event.kind == .put ? "\"\(event.pair.text)\"" : "null"
                    return
                        "[\(event.pair.modRevision.rawValue), \"\(event.pair.keyText)\", \(value), "
                        + "\(event.pair.createRevision.rawValue), \(event.pair.version)]"
                }
                records.write(
                    "{\"watcher\": \(number), \"events\": [\(events.joined(separator: ", "))]}")
            }
        } catch {
            guard error.reason != .cancelled else { return }
            records.writeFailure("watcher \(number): \(error)")
        }
    }
}
