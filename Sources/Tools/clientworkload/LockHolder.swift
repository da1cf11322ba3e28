internal import EtcdClient

/// Takes a lock again and again, and writes a key on the condition that it holds the lock.
struct LockHolder: Sendable {
    let number: Int
    let client: EtcdClient
    let records: Records

    /// Until the task is cancelled.
    func run() async {
        var count = 0
        while !Task.isCancelled {
            count += 1
            let value = "\(number)-\(count)"
            do {
                try await client.withLock("lock", ttl: .seconds(2)) { lock in
                    try await hold(lock, value)
                }
            } catch {
                // The cluster was not reachable, or the lease could not be renewed in time.
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func hold(_ lock: Lock, _ value: String) async throws {
        let acquired = Records.now()
        defer {
            records.write(
                "{\"holder\": \(number), \"lock\": \(lock.revision.rawValue), "
                    + "\"acquired\": \(acquired), \"released\": \(Records.now())}")
        }
        for _ in 0..<Int.random(in: 1...5) {
            await writeFenced(lock, value)
            try await Task.sleep(for: .milliseconds(Int.random(in: 0..<300)))
        }
    }

    private func writeFenced(_ lock: Lock, _ value: String) async {
        let key = String(decoding: lock.key, as: UTF8.self)
        let operation =
            "{\"transaction\": {\"compare\": [{\"key\": \"\(key)\", \"relation\": \"=\", "
            + "\"created\": \(lock.revision.rawValue)}], "
            + "\"success\": [{\"put\": [\"fenced\", \"\(value)\"]}], \"failure\": []}}"
        let called = Records.now()
        do throws(EtcdClientError) {
            let response = try await client.commit(.when(lock.isHeld).then(.put("fenced", value)))
            let results = response.succeeded ? "{\"put\": true}" : ""
            records.writeCall(
                100 + number, called, operation,
                response.header.fields(
                    "{\"transaction\": {\"succeeded\": \(response.succeeded), "
                        + "\"results\": [\(results)]}}"))
        } catch {
            if !error.isCertainlyNotExecuted {
                records.writeCall(100 + number, called, operation, nil)
            }
        }
    }
}
