internal import EtcdClient

/// Puts, deletes and reads a few keys that all writers share.
struct Writer: Sendable {
    let number: Int
    let client: EtcdClient
    let records: Records

    /// Until the task is cancelled.
    func run() async {
        var count = 0
        while !Task.isCancelled {
            count += 1
            let key = "k\(Int.random(in: 0..<8))"
            switch Int.random(in: 0..<10) {
            case 0..<5: await put(key, "\(number)-\(count)")
            case 5: await delete(key)
            case 6: await range()
            default: await get(key)
            }
            try? await Task.sleep(for: .milliseconds(Int.random(in: 0..<20)))
        }
    }

    private func put(_ key: String, _ value: String) async {
        await write("{\"put\": [\"\(key)\", \"\(value)\"]}") { () async throws(EtcdClientError) in
            try await client.put(key, value).header.fields("{\"put\": true}")
        }
    }

    private func delete(_ key: String) async {
        await write("{\"delete\": \"\(key)\"}") { () async throws(EtcdClientError) in
            let response = try await client.delete(key)
            return response.header.fields("{\"deleted\": \(response.deleted)}")
        }
    }

    private func get(_ key: String) async {
        await read("{\"range\": [\"\(key)\"]}", .key(key))
    }

    private func range() async {
        await read("{\"range\": [\"k\", \"l\"]}", .range("k", upTo: "l"))
    }

    /// A write that fails may have been executed, except where the client says otherwise.
    private func write(
        _ operation: String, _ call: () async throws(EtcdClientError) -> String
    ) async {
        let called = Records.now()
        do throws(EtcdClientError) {
            records.writeCall(number, called, operation, try await call())
        } catch {
            if !error.isCertainlyNotExecuted {
                records.writeCall(number, called, operation, nil)
            }
        }
    }

    private func read(_ operation: String, _ keys: KeyRange) async {
        let called = Records.now()
        guard let response = try? await client.range(keys) else { return }
        records.writeCall(number, called, operation, response.header.fields(response.pairs.form))
    }
}
